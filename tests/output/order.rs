//! Records stand in the order of what happened: what a process wrote before its end was told stands before that, and no
//! record has an earlier time than the one before it.

use super::*;

pub(crate) fn say(output: &Output, message: &'static str, instance: Option<u32>) {
    output.log(LogRecord {
        at: Duration::ZERO,
        level: Level::Info,
        message: message.into(),
        process: instance.and_then(|_| ProcessName::new("web").ok()),
        instance,
        fields: Vec::new(),
    });
}

#[test]
fn what_a_process_wrote_stands_before_the_record_that_follows_and_times_never_run_back() {
    let mut file = tempfile::tempfile().expect("a file");
    let (system, output) = start(LogFormat::Json, Level::Info, file.try_clone().expect("a copy").into());
    let noisy = child(&output, "noisy", Stream::Stdout);
    let noise = std::thread::spawn(move || {
        let mut noisy = noisy;
        for _ in 0..2000 {
            noisy.write_all(&b"noise\n".repeat(100)).expect("the pipe is read");
        }
    });
    for round in 0..200 {
        let (mut out, mut err) =
            (child(&output, "web", Stream::Stdout), child(&output, "web", Stream::Stderr));
        out.write_all(b"a line\nand more\n").expect("room");
        err.write_all(format!("last words {round}").as_bytes()).expect("room");
        drop((out, err));
        say(&output, "ended", Some(0));
        say(&output, "started", Some(0));
    }
    noise.join().expect("the noise");
    assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
    let mut text = Vec::new();
    std::io::Seek::rewind(&mut file).expect("a file can be rewound");
    file.read_to_end(&mut text).expect("a file can be read");
    let records = records(&text);
    let web: Vec<&str> =
        records.iter().filter(|r| r["process"] == "web").filter_map(|r| r["msg"].as_str()).collect();
    assert_eq!(web.len(), 1000);
    for (round, told) in web.chunks(5).enumerate() {
        assert_eq!(told[3..], ["ended", "started"], "{round}: {told:?}");
        assert!(told[..3].contains(&format!("last words {round}").as_str()), "{told:?}");
    }
    let times: Vec<&str> = records.iter().filter_map(|record| record["time"].as_str()).collect();
    assert!(times.is_sorted(), "times run backwards");
}
