//! What somebody has asked for beside a reload, and what is left of it when that goes back or nothing runs.

use super::{Bug, FREE, World, name, plain, spec};
use phpeek_core::fleet::{Amount, Ending, Event, Phase, ReloadEnd};
use phpeek_core::ids::ProcessId;
use phpeek_core::operation::Cause;

#[test]
fn the_way_back_leads_to_as_many_instances_as_were_asked_for() {
    let scaled = |scale| spec(0, &(true, 0, scale, true, false, FREE), &[true; 5]);
    for removed in [false, true] {
        let mut world = World::boot(&[scaled(1), plain(1, 0, FREE)], Bug::None);
        let operation = world.fleet.begin(Cause::Request);
        world.feed(Event::Scale(operation, name("a"), Amount::To(3)));
        world.faulty.insert("p2".to_owned());
        let more = [plain(1, 0, FREE), plain(2, 2, FREE)];
        let new: Vec<_> = (!removed).then(|| scaled(2)).into_iter().chain(more).collect();
        world.reload(&new);
        assert_eq!(world.ends, [ReloadEnd::RolledBack(name("c"))]);
        let last = world.orders.iter().rfind(|order| order.starts_with("scale a"));
        assert_eq!(last.map(String::as_str), Some("scale a 3"), "removed: {removed}, {:?}", world.orders);
        assert_eq!(world.orders.iter().filter(|order| *order == "scale a 3").count(), 2);
    }
}

#[test]
fn a_start_that_cannot_be_ends_nothing_while_nothing_runs() {
    let mut world = World::boot(&[plain(0, 0, FREE), plain(1, 0, [true, false, false, false])], Bug::None);
    world.feed(Event::Ended(ProcessId(0), Ending::Completed));
    let operation = world.fleet.begin(Cause::Request);
    world.feed(Event::Stop(operation, name("b")));
    assert_eq!(world.fleet.phase(), Phase::Running, "somebody may start it again");
    let operation = world.fleet.begin(Cause::Request);
    world.feed(Event::Start(operation, name("b")));
    assert_eq!(world.fleet.phase(), Phase::Running, "and what it needs may be started first");
}
