//! Draws a report as one SVG: how the workers came up, how long restarts took, stop times, memory. Draws what is in
//! the report and computes nothing.

use crate::report::{Cell, Report};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;
type Points = Vec<(f64, f64)>;

/// Writes the picture.
pub(crate) fn draw(report: &Report, path: &Path) -> Result<(), String> {
    draw_all(report, path).map_err(|e| format!("cannot draw {}: {e}", path.display()))
}

fn draw_all(report: &Report, path: &Path) -> Drawn {
    // A bar needs 18 pixels to be read; the curves need 300 whatever the number of settings.
    let bars = 100 + 18 * report.cells.len() as u32;
    let root = SVGBackend::new(path, (1200, 360 + bars)).into_drawing_area();
    root.fill(&WHITE)?;
    let (upper, lower) = root.split_vertically(360);
    if let [left, right] = &*upper.split_evenly((1, 2)) {
        let up = |cell: &Cell| {
            let times = cell.runs.last().map(|run| run.up_ms.as_slice()).unwrap_or_default();
            let share = |i: usize| (i + 1) as f64 * 100.0 / times.len() as f64;
            times.iter().enumerate().map(|(i, at)| (*at, share(i))).collect()
        };
        curves(
            left,
            report,
            ("workers up over time", "ms since exec", "% up"),
            &up,
            SeriesLabelPosition::LowerRight,
        )?;
        let restarts = |cell: &Cell| {
            let points = cell.runs.last().map(|run| run.restart_percentiles.as_slice()).unwrap_or_default();
            points.iter().map(|(percentile, micros)| (*percentile, micros / 1000.0)).collect()
        };
        let titles = ("kill to successor's first record", "percentile", "ms");
        // The curve climbs at its right end.
        curves(right, report, titles, &restarts, SeriesLabelPosition::UpperLeft)?;
    }
    if let [left, middle, right] = &*lower.split_evenly((1, 3)) {
        bars_of(left, report, "all_up_ms", "all up, ms")?;
        bars_of(middle, report, "stop_ms", "stop, ms")?;
        bars_of(right, report, "pss_kib", "PSS, KiB")?;
    }
    root.present()?;
    Ok(())
}

fn colour(index: usize) -> RGBColor {
    let (r, g, b) = Palette99::pick(index).rgb();
    RGBColor(r, g, b)
}

/// A line for each cell that has points.
fn curves(
    area: &Area<'_>,
    report: &Report,
    (title, x, y): (&str, &str, &str),
    points: &dyn Fn(&Cell) -> Points,
    legend: SeriesLabelPosition,
) -> Drawn {
    let lines: Vec<(usize, &Cell, Points)> = report
        .cells
        .iter()
        .enumerate()
        .map(|(i, cell)| (i, cell, points(cell)))
        .filter(|(_, _, points)| !points.is_empty())
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    let all = || lines.iter().flat_map(|(_, _, points)| points);
    let right = all().map(|(x, _)| *x).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let top = all().map(|(_, y)| *y).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(32)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..right * 1.02, 0.0..top * 1.05)?;
    chart.configure_mesh().x_desc(x).y_desc(y).light_line_style(WHITE).draw()?;
    for (index, cell, points) in &lines {
        let style = colour(*index);
        // The first point is drawn as a dot too: with one worker there is no line.
        chart.draw_series(points.iter().take(1).map(|p| Circle::new(*p, 2, style.filled())))?;
        let series = chart.draw_series(LineSeries::new(points.iter().copied(), style.stroke_width(2)))?;
        // More than a dozen names would hide the curves; the bars below name them all.
        if lines.len() <= 12 {
            series
                .label(cell.label.clone())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], style.stroke_width(2)));
        }
    }
    chart
        .configure_series_labels()
        .position(legend)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 10))
        .draw()?;
    Ok(())
}

/// A bar for each cell that has the figure, with its label and value.
fn bars_of(area: &Area<'_>, report: &Report, key: &str, title: &str) -> Drawn {
    let values: Vec<(usize, &Cell, f64)> = report
        .cells
        .iter()
        .enumerate()
        .filter_map(|(i, cell)| cell.median.get(key).map(|value| (i, cell, value)))
        .collect();
    let most = values.iter().map(|(_, _, value)| *value).fold(0.0, f64::max);
    area.draw(&Text::new(title.to_owned(), (12, 8), ("sans-serif", 16)))?;
    for (row, (index, cell, value)) in values.iter().enumerate() {
        let top = 36 + row as i32 * 18;
        let width = if most > 0.0 { (value / most * 340.0) as i32 } else { 0 };
        let bar = colour(*index).mix(0.55).filled();
        area.draw(&Rectangle::new([(12, top), (12 + width.max(1), top + 15)], bar))?;
        let text = format!("{}  {}", crate::report::number(*value), cell.label);
        area.draw(&Text::new(text, (16, top + 3), ("sans-serif", 10)))?;
    }
    Ok(())
}
