//! Each rule of the waiting room's audit, broken by hand.

use super::test_room::*;
use crate::fixture::{at, sale, user};
use frontrow_domain::waiting_room::{QueueEntry, *};
use frontrow_domain::*;

/// A day's records: 1, 2 and 3 were admitted, 1 holds two seats, 2 has paid and left, 4 is checked in.
fn day() -> (BookingState, QueueRecords) {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 3, ..room() }, 6);
    waiting_room.all_come([1, 2]);
    waiting_room.tick();
    waiting_room.pick_up(1);
    waiting_room.held(1, &[1, 2]);
    waiting_room.now = waiting_room.now + seconds(3);
    let held = waiting_room.held(2, &[3, 4, 5, 6]);
    waiting_room.all_come([3, 4]);
    waiting_room.tick();
    waiting_room.pay(&held);
    assert_eq!(waiting_room.findings(), []);
    (waiting_room.bookings.clone(), QueueRecords::of(&waiting_room.rooms, vec![waiting_room.sale.terms()]))
}

fn broken(bookings: &BookingState, records: &QueueRecords) -> Vec<(Rule, String)> {
    audit_queues(bookings, records).into_iter().map(|finding| (finding.rule, finding.row)).collect()
}

fn rules(bookings: &BookingState, records: &QueueRecords) -> Vec<Rule> {
    broken(bookings, records).into_iter().map(|(rule, _)| rule).collect()
}

#[test]
fn a_number_given_twice() {
    let (bookings, mut records) = day();
    let entry = records.entries[0].1;
    records.entries.push((key(77), entry));
    assert_eq!(rules(&bookings, &records), [Rule::NumbersUnique]);
    records.entries.last_mut().unwrap().1.group = Group::new(1).unwrap();
    assert_eq!(rules(&bookings, &records), [], "another group counts for itself");
}

#[test]
fn a_number_given_twice_shows_checked_in_and_in_what_was_admitted_by() {
    let (bookings, mut records) = day();
    let check_in = records.check_ins[0];
    records.check_ins.push(CheckIn { key: key(77), rank: Rank::new(77), ..check_in });
    assert_eq!(rules(&bookings, &records), [Rule::NumbersUnique], "two is checked in by it");
    records.check_ins.pop();

    // As with numbers from Redis, of which no list is kept here.
    records.entries.clear();
    let mut two = bookings.clone();
    let entry = two.buyers[&key(1)].admitted_by;
    assert!(entry.is_some());
    two.buyers.insert(key(77), Buyer { admitted_by: entry, ..Buyer::next(key(77), None) });
    assert_eq!(rules(&two, &records), [Rule::NumbersUnique], "two were admitted by it");
    let found = broken(&two, &records);
    assert!(found[0].1.contains(&user(1).to_string()) && found[0].1.contains(&user(77).to_string()), "{found:?}");
}

#[test]
fn a_rank_that_two_have_shows_in_the_log_and_checked_in() {
    let (bookings, mut records) = day();
    records.log[1].rank = records.log[0].rank;
    assert!(rules(&bookings, &records).contains(&Rule::NumbersUnique), "two were admitted by it");
    let (bookings, mut records) = day();
    records.check_ins[0].rank = records.log[0].rank;
    assert_eq!(
        rules(&bookings, &records),
        [Rule::NumbersUnique],
        "somebody checked in has that of one who was admitted"
    );
    let (bookings, mut records) = day();
    let again = Admitted { tick: records.log[2].tick + 1, ..records.log[0] };
    records.log.push(again);
    assert!(!rules(&bookings, &records).contains(&Rule::NumbersUnique), "whoever was admitted again has it still");
}

#[test]
fn two_entries_of_one_person() {
    let (bookings, mut records) = day();
    let entry = QueueEntry { group: Group::FIRST, number: QueueNumber::new(99).unwrap() };
    records.entries.push((key(1), entry));
    assert_eq!(rules(&bookings, &records), [Rule::OneQueueEntryEach]);
}

#[test]
fn more_than_the_capacity() {
    let (bookings, mut records) = day();
    records.log[2].active_after = 4;
    assert_eq!(rules(&bookings, &records), [Rule::WithinCapacity]);
}

#[test]
fn more_admitted_than_any_tick_says() {
    let (mut bookings, records) = day();
    for n in [7, 8] {
        let admission = Some(AdmissionPeriod { until: at(100), max_until: at(100) });
        bookings.buyers.insert(key(n), Buyer { admission, ..Buyer::next(key(n), None) });
        bookings.admissions.insert(key(n), Admission { key: key(n), until: at(100) });
    }
    assert_eq!(rules(&bookings, &records), [Rule::WithinCapacity]);
    let (bookings, mut records) = day();
    records.log.clear();
    assert_eq!(
        rules(&bookings, &records),
        [Rule::WithinCapacity, Rule::TicksOneByOne, Rule::HoldsAdmitted, Rule::HoldsAdmitted]
    );
}

#[test]
fn two_accounts_of_one_tick() {
    let (bookings, mut records) = day();
    records.log[1].active_after = 1;
    assert_eq!(rules(&bookings, &records), [Rule::TicksOneByOne]);
    let (bookings, mut records) = day();
    records.log[1].at = records.log[1].at + seconds(1);
    assert_eq!(rules(&bookings, &records), [Rule::TicksOneByOne]);
}

#[test]
fn a_tick_before_the_one_before() {
    let (bookings, mut records) = day();
    records.log[2].at = at(OPENS - 1);
    records.log[2].checked_in_at = at(OPENS - 1);
    assert_eq!(rules(&bookings, &records), [Rule::TicksOneByOne]);
}

#[test]
fn an_admission_of_which_the_queue_knows_nothing() {
    let (bookings, mut records) = day();
    records.queues[0].admitted -= 1;
    assert_eq!(rules(&bookings, &records), [Rule::TicksOneByOne]);
}

/// A row of the log: in which tick, which rank, since which second.
fn row(tick: i64, rank: u64, checked_in_at: i64, admitted_at: i64) -> Admitted {
    Admitted {
        key: key(rank.into()),
        tick,
        group: Group::FIRST,
        rank: Rank::new(rank),
        checked_in_at: at(checked_in_at),
        at: at(admitted_at),
        active_after: 1,
        capacity: 1,
    }
}

fn overtaken(log: &[Admitted]) -> Vec<String> {
    let records = QueueRecords { log: log.to_vec(), ..QueueRecords::default() };
    let found = broken(&BookingState::default(), &records).into_iter();
    found.filter(|(rule, _)| *rule == Rule::NobodyOvertaken).map(|(_, row)| row).collect()
}

#[test]
fn somebody_overtaken() {
    let tolerance = i64::try_from(CLOCK_TOLERANCE.as_secs()).unwrap();
    let log = [row(1, 5, 10, 20), row(2, 9, 10, 30), row(3, 7, 30 - tolerance, 40)];
    assert_eq!(overtaken(&log), [format!("sale {}, tick 2: rank 9 before 7", sale(1))]);
    // Less than the tolerance may be the difference of two clocks.
    assert_eq!(overtaken(&[log[0], log[1], row(3, 7, 31 - tolerance, 40)]), Vec::<String>::new());
    assert_eq!(overtaken(&[log[2], log[1], log[0]]).len(), 1, "in any order of the rows");
}

#[test]
fn whoever_comes_late_or_in_the_same_tick_or_of_another_group_was_not_overtaken() {
    assert_eq!(overtaken(&[row(1, 9, 10, 20), row(2, 3, 20, 30)]), Vec::<String>::new());
    assert_eq!(overtaken(&[row(1, 9, 10, 20), row(1, 3, 10, 20)]), Vec::<String>::new());
    let other = Admitted { group: Group::new(1).unwrap(), ..row(2, 3, 10, 30) };
    assert_eq!(overtaken(&[row(1, 9, 10, 20), other]), Vec::<String>::new());
    let elsewhere = BuyerKey { sale: sale(2), user: user(3) };
    assert_eq!(overtaken(&[row(1, 9, 10, 20), Admitted { key: elsewhere, ..row(2, 3, 10, 30) }]), Vec::<String>::new());
}

#[test]
fn all_who_were_overtaken_are_found_among_many() {
    // The same by comparing everybody with everybody.
    use rand::{RngExt, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    for _ in 0..300 {
        let log: Vec<Admitted> = (1..=30)
            .map(|tick| row(tick / 2, rng.random_range(1..40), tick / 2 * 3 - rng.random_range(0..20), tick / 2 * 3))
            .collect();
        let late = |a: &Admitted| a.checked_in_at + CLOCK_TOLERANCE;
        let slowly = log.iter().filter(|a| log.iter().any(|b| b.tick < a.tick && b.rank > a.rank && b.at >= late(a)));
        assert_eq!(overtaken(&log).len(), slowly.count());
    }
}

#[test]
fn a_hold_without_an_admission() {
    let (bookings, records) = day();
    let with = |change: &dyn Fn(&mut Reservation)| {
        let mut bookings = bookings.clone();
        let held = bookings.reservations.values().find(|r| r.user == user(1)).unwrap().id;
        change(bookings.reservations.get_mut(&held).unwrap());
        rules(&bookings, &records)
    };
    assert_eq!(with(&|held| held.user = user(9)), [Rule::HoldsAdmitted]);
    let admitted = records.log[0].at;
    let hold = Sale::DEFAULT_HOLD;
    assert_eq!(with(&|held| held.held_until = admitted + hold - CLOCK_TOLERANCE), [], "clocks differ");
    assert_eq!(with(&|held| held.held_until = admitted + hold - CLOCK_TOLERANCE - seconds(1)), [Rule::HoldsAdmitted]);
    let clamped = |held: &mut Reservation| {
        held.held_until = admitted + seconds(5);
        held.late_until = held.held_until;
    };
    assert_eq!(with(&clamped), [], "it may have been made until then");
    let mut other = records.clone();
    other.terms[0].admission = None;
    assert_eq!(broken(&bookings, &other), []);
}

#[test]
fn holds_that_were_made_before_an_operator_made_holds_longer() {
    let (mut bookings, mut records) = day();
    records.terms[0].hold_duration = Sale::DEFAULT_HOLD * 3;
    assert_eq!(rules(&bookings, &records), [Rule::HoldsAdmitted; 2], "ids that say nothing can't help");
    let asked_for = |row: &Reservation, at: Instant| {
        let milliseconds = u128::try_from(at.micros() / 1000).unwrap();
        ReservationId::new(uuid::Uuid::from_u128(milliseconds << 80 | 7 << 76 | 2 << 62 | row.user.uuid().as_u128()))
    };
    let rows: Vec<Reservation> = bookings.reservations.values().cloned().collect();
    bookings.reservations.clear();
    for row in &rows {
        let id = asked_for(row, row.held_until - Sale::DEFAULT_HOLD);
        bookings.reservations.insert(id, Reservation { id, ..row.clone() });
    }
    assert_eq!(rules(&bookings, &records), [], "they were admitted when they asked");
    let held = bookings.reservations.values().find(|row| row.user == user(1)).unwrap().clone();
    let early = asked_for(&held, records.log[0].at - seconds(3));
    bookings.reservations.remove(&held.id);
    bookings.reservations.insert(early, Reservation { id: early, ..held });
    assert_eq!(rules(&bookings, &records), [Rule::HoldsAdmitted], "and one of them was not");
}

#[test]
fn an_admission_without_a_buyer_and_a_buyer_without_an_admission() {
    let (mut bookings, records) = day();
    bookings.admissions.remove(&key(1));
    assert_eq!(rules(&bookings, &records), [Rule::AdmissionsChecked]);
    let (mut bookings, records) = day();
    bookings.buyers.get_mut(&key(1)).unwrap().admission = None;
    assert_eq!(rules(&bookings, &records), [Rule::AdmissionsChecked]);
    bookings.buyers.remove(&key(1));
    let found = broken(&bookings, &records);
    assert!(found.len() == 1 && found[0].1.ends_with("without a buyer row"), "{found:?}");
}

#[test]
fn what_belongs_to_no_queue() {
    let (bookings, mut records) = day();
    records.queues.clear();
    assert_eq!(rules(&bookings, &records), [Rule::NoOrphans]);
}

#[test]
fn every_rule_is_a_sentence_of_its_own() {
    let sentences: std::collections::BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(sentences.len(), Rule::ALL.len());
}
