//! Bytes for one agency go to no other.

use super::*;
use crate::adapter::{Adapter, Direction, EncodeError, Profile, Text};
use crate::id::DeliveryId;
use crate::testing::worlds;
use uuid::Uuid;

/// Writes the schema's own bytes.
struct Plain;

impl Adapter for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn title(&self) -> Text {
        Text { ja: "試験用".into(), en: "for tests".into() }
    }

    fn direction(&self) -> Direction {
        Direction::Out
    }

    fn encode(&self, released: &Released, _profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        if released.is_empty() { Err(EncodeError::NothingToSay) } else { Ok(bytes(released)) }
    }
}

/// The releases of some worlds, none of them empty.
fn releases() -> Vec<Released> {
    worlds(60).map(|(_, world)| world.release()).filter(|released| !released.is_empty()).collect()
}

fn render(released: &Released) -> Outgoing {
    let profile = Profile::plain(released.recipient().clone(), released.at());
    Outgoing::render(&Plain, released, &profile).unwrap()
}

#[test]
fn a_dispatch_leaves_out_what_was_rendered_for_another_recipient() {
    let releases = releases();
    let (id, release) = (DeliveryId(Uuid::from_u128(1)), ReleaseId(Uuid::from_u128(2)));
    for released in &releases {
        let dispatch = Dispatch::new(id, release, "discharge", released, releases.iter().map(render).collect());
        let own = releases.iter().filter(|other| other.recipient() == released.recipient()).map(bytes);
        let sent: Vec<Vec<u8>> = dispatch.message().renderings.iter().map(|r| r.content.clone()).collect();
        assert!(sent.len() < releases.len());
        assert_eq!(sent, own.collect::<Vec<_>>());
        assert_eq!(dispatch.message().purpose, released.purpose().to_string());
    }
}

#[test]
fn an_answer_of_several_releases_leaves_out_those_for_another_recipient() {
    let releases = releases();
    for released in &releases {
        let recipient = released.recipient();
        let answer = Outgoing::render_all(recipient, "plain", &releases, |own| {
            assert!(own.iter().all(|release| release.recipient() == recipient));
            own.iter().flat_map(|release| bytes(release)).collect()
        });
        assert_eq!(answer.recipient(), recipient);
        assert!(answer.bytes().len() >= bytes(released).len());
    }
}

#[test]
fn a_rendering_knows_for_whom_it_is() {
    for released in &releases() {
        let rendering = render(released);
        assert_eq!(rendering.recipient(), released.recipient());
        assert_eq!((rendering.format(), rendering.bytes()), ("plain", bytes(released).as_slice()));
    }
}
