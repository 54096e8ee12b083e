#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;

const MESSAGE: &[u8] = b"MSH|^~\\&|A|B\rPID|1\r";

fn events(lenient: bool, bytes: &[u8]) -> Vec<Event> {
    Framer::new(lenient).push(bytes)
}

fn frame() -> Event {
    Event::Frame(MESSAGE.to_vec())
}

#[test]
fn a_block_is_one_frame_and_two_blocks_are_two() {
    let mut bytes = wrap(MESSAGE);
    bytes.extend(wrap(MESSAGE));
    assert_eq!(events(false, &bytes), [frame(), frame()]);
}

#[test]
fn bytes_before_the_start_are_passed_over_and_counted() {
    let bytes = [b" \r\n\0".as_slice(), &wrap(MESSAGE)].concat();
    let expected = [Event::Deviation(Deviation::BytesOutsideFrame), Event::Skipped(4), frame()];
    assert_eq!(events(false, &bytes), expected);
}

#[test]
fn no_more_than_64_kib_are_passed_over() {
    let mut framer = Framer::new(false);
    assert_eq!(framer.push(&vec![0; SKIPPED_BYTES_MAX]), []);
    assert_eq!(framer.push(&[0]), [Event::TooMuchOutside]);
    assert!(framer.closed());
}

#[test]
fn an_end_without_a_carriage_return_is_taken_when_the_line_stays_quiet() {
    let mut framer = Framer::new(false);
    assert_eq!(framer.push(&[&[VT], MESSAGE, &[FS]].concat()), []);
    assert_eq!(framer.quiet(), [Event::Deviation(Deviation::NoFinalReturn), frame()]);
    assert_eq!(framer.push(&[&[CR], wrap(MESSAGE).as_slice()].concat()), [frame()], "a late return is swallowed");
}

#[test]
fn an_end_byte_inside_a_payload_ends_nothing() {
    let payload = [MESSAGE, &[FS], b"more\r"].concat();
    assert_eq!(events(false, &wrap(&payload)), [Event::Frame(payload)]);
    let mut framer = Framer::new(false);
    framer.push(&[VT, b'x', FS]);
    assert_eq!(framer.quiet(), [], "what is no message is not complete");
}

#[test]
fn an_end_byte_and_a_line_feed_or_the_next_start_end_a_message() {
    for follower in [LF, VT] {
        let bytes = [&[VT], MESSAGE, &[FS, follower]].concat();
        assert_eq!(events(false, &bytes), [Event::Deviation(Deviation::NoFinalReturn), frame()]);
    }
}

#[test]
fn a_missing_return_after_the_last_segment_is_accepted() {
    let message = MESSAGE.trim_ascii_end();
    let expected = [Event::Deviation(Deviation::NoReturnBeforeEnd), Event::Frame(message.to_vec())];
    assert_eq!(events(false, &wrap(message)), expected);
}

#[test]
fn a_missing_start_is_accepted_only_from_a_peer_that_may() {
    let bytes = [MESSAGE, &[FS, CR]].concat();
    assert_eq!(events(true, &bytes), [Event::Deviation(Deviation::NoStart), frame()]);
    assert_eq!(events(false, &bytes), [Event::NotFramed]);
}

#[test]
fn a_start_inside_a_frame_begins_again() {
    let bytes = [&[VT], b"MSH|half".as_slice(), &wrap(MESSAGE)].concat();
    assert_eq!(events(false, &bytes), [Event::Restarted(8), frame()]);
}

#[test]
fn the_size_limit_holds_at_the_byte() {
    for (size, fits) in [(99, true), (100, true), (101, false)] {
        let message = vec![b'a'; size];
        let mut framer = Framer::with_limit(false, 100);
        let events = framer.push(&wrap(&message));
        assert_eq!(events.contains(&Event::Frame(message)), fits, "{size}");
        assert_eq!(framer.closed(), !fits, "{size}");
    }
    assert_eq!(MESSAGE_BYTES_MAX, 16 * 1024 * 1024);
}

#[test]
fn a_frame_over_the_limit_keeps_its_beginning_for_the_answer() {
    let mut framer = Framer::with_limit(false, 50);
    let events = framer.push(&wrap(&[MESSAGE, &[b'x'; 100]].concat()));
    let [Event::TooLarge(head)] = events.as_slice() else { panic!("not too large") };
    assert!(head.starts_with(MESSAGE));
}

#[test]
fn commit_acknowledgements_of_release_2_are_told_apart() {
    assert_eq!(events(false, &COMMIT_ACK), [Event::Commit(true)]);
    assert_eq!(events(false, &COMMIT_NAK), [Event::Commit(false)]);
}

#[test]
fn a_connection_that_ends_inside_a_frame_gives_no_frame() {
    let mut framer = Framer::new(false);
    framer.push(&[&[VT], MESSAGE].concat());
    assert!(framer.inside());
    assert_eq!(framer.end(), [Event::Cut(MESSAGE.len())]);
}

proptest! {
    #[test]
    fn frames_do_not_depend_on_how_the_bytes_were_cut(
        parts in prop::collection::vec(prop_oneof![
            Just(vec![VT]), Just(vec![FS]), Just(vec![CR]), Just(vec![LF]), Just(vec![0]), Just(b"MSH|".to_vec()),
            Just(wrap(MESSAGE)), prop::collection::vec(any::<u8>(), 0..8),
        ], 0..20),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        lenient in any::<bool>(),
    ) {
        let bytes = parts.concat();
        let mut whole = Framer::with_limit(lenient, 60);
        let mut expected = whole.push(&bytes);
        expected.extend(whole.end());
        let mut positions: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        positions.push(bytes.len());
        positions.sort_unstable();
        let mut pieces = Framer::with_limit(lenient, 60);
        let mut seen = Vec::new();
        let mut from = 0;
        for position in positions {
            seen.extend(pieces.push(bytes.get(from..position).unwrap()));
            from = position;
        }
        seen.extend(pieces.end());
        prop_assert_eq!(seen, expected);
    }
}
