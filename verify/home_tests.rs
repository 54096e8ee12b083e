//! A witness at its folder, as it runs from a timer.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::super::tree::{LeafHash, root};
use super::*;
use std::os::unix::fs::PermissionsExt;

const ORIGIN: &str = "musubi.example/482072";

fn log() -> LogKey {
    LogKey::from_bytes("musubi.example", &[7; 32])
}

/// A witness, its exchange folder, and the log that it looks after.
struct Scene {
    folder: PathBuf,
    leaves: Vec<LeafHash>,
}

impl Scene {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("musubi-witness-{name}-{}", std::process::id()));
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(folder.join("exchange")).unwrap();
        Home::make(&folder.join("home"), "witness.example/w1", &[9; 32]).unwrap();
        Scene { folder, leaves: (0..40).map(|index: u8| LeafHash::of(&[index])).collect() }
    }

    fn home(&self) -> Home {
        Home::open(&self.folder.join("home")).unwrap()
    }

    fn exchange(&self) -> LogFolder {
        LogFolder::of(&self.folder.join("exchange"), ORIGIN)
    }

    fn offer(&self, size: usize, old: u64) {
        let leaves = &self.leaves[..size];
        let head =
            Checkpoint { origin: ORIGIN.to_owned(), size: size as u64, root: root(leaves), extensions: Vec::new() };
        let note = head.sign(&log());
        let growth = if old == 0 { Growth::first(note) } else { Growth::new(leaves, old, note).unwrap() };
        self.exchange().put(Paper::Proof, size as u64, &growth.to_string()).unwrap();
    }

    /// The witness runs. The size that it cosigned.
    fn runs(&self) -> Result<Option<u64>, String> {
        let mut answered =
            self.home().answer(&self.folder.join("exchange"), &[log().verifier()], 1_796_000_000).unwrap();
        let what = answered.pop().unwrap().what;
        what.map(|cosigned| cosigned.map(|(_, head)| head.size)).map_err(|error| error.to_string())
    }

    fn remembers(&self) -> u64 {
        head_of(&self.home().kept().unwrap()[ORIGIN]).unwrap().size
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

#[test]
fn s35_the_newest_question_is_answered_once() {
    let scene = Scene::new("once");
    scene.offer(5, 0);
    scene.offer(9, 0);
    assert_eq!(scene.runs(), Ok(Some(9)));
    let note = SignedNote::parse(&scene.exchange().read(Paper::Cosigned, 9).unwrap()).unwrap();
    scene.home().key().verifier().check(&note).unwrap();
    note.verify(&log().verifier()).unwrap();
    assert_eq!(scene.runs(), Ok(None));
    scene.offer(12, 9);
    assert_eq!((scene.runs(), scene.remembers()), (Ok(Some(12)), 12));
}

#[test]
fn s35_what_was_remembered_and_did_not_come_to_be_written_is_written_by_the_next_run() {
    let scene = Scene::new("crash");
    scene.offer(9, 0);
    scene.runs().unwrap();
    let answer = scene.exchange().read(Paper::Cosigned, 9).unwrap();
    scene.exchange().remove(Paper::Cosigned, 9);
    assert_eq!(scene.runs(), Ok(None));
    assert_eq!(scene.exchange().read(Paper::Cosigned, 9).unwrap(), answer, "the same, not another");
}

#[test]
fn s35_a_hub_that_lost_an_answer_finds_it_again_and_goes_on_from_there() {
    let scene = Scene::new("lost");
    scene.offer(9, 0);
    scene.runs().unwrap();
    scene.exchange().remove(Paper::Cosigned, 9);
    scene.offer(12, 0);
    assert!(scene.runs().unwrap_err().contains("9 were cosigned last"));
    assert!(scene.exchange().sizes(Paper::Refused).unwrap().is_empty(), "nobody contradicts anybody");
    assert_eq!(scene.exchange().sizes(Paper::Cosigned).unwrap(), [9]);
    scene.offer(12, 9);
    assert_eq!(scene.runs(), Ok(Some(12)));
}

#[test]
fn s35_a_log_that_was_rolled_back_is_refused_in_words_that_name_both_heads() {
    let mut scene = Scene::new("rollback");
    scene.offer(12, 0);
    scene.runs().unwrap();
    for size in scene.exchange().sizes(Paper::Proof).unwrap() {
        scene.exchange().remove(Paper::Proof, size);
    }
    scene.offer(8, 0);
    assert!(scene.runs().unwrap_err().contains("rolled back"));
    let refused = super::super::witness::Refused::parse(&scene.exchange().read(Paper::Refused, 8).unwrap()).unwrap();
    assert_eq!((refused.word.as_str(), refused.two.cosigned.size, refused.two.offered.size), ("rollback", 12, 8));
    // It grows past what was cosigned, with other entries.
    scene.leaves[10] = LeafHash::of(b"another");
    scene.offer(20, 12);
    assert!(scene.runs().unwrap_err().contains("is not its beginning"));
    assert_eq!(scene.remembers(), 12);
}

#[test]
fn s35_a_witness_that_lost_its_memory_signs_nothing_until_a_person_looks() {
    let scene = Scene::new("memory");
    scene.offer(12, 0);
    scene.runs().unwrap();
    let kept = scene.home().path(ORIGIN, COSIGNED);
    let memory = fs::read(&kept).unwrap();
    fs::remove_file(&kept).unwrap();
    scene.offer(20, 0);
    assert!(scene.runs().unwrap_err().contains("does not remember"));
    fs::write(&kept, &memory[..memory.len() - 8]).unwrap();
    let cut = scene.home().answer(&scene.folder.join("exchange"), &[log().verifier()], 1);
    assert!(matches!(cut, Err(HomeError::Kept(..))), "cut");
    fs::write(&kept, memory).unwrap();
    scene.offer(20, 12);
    assert_eq!(scene.runs(), Ok(Some(20)));
}

#[test]
fn s38_a_person_may_begin_again_from_an_earlier_note_and_the_later_one_is_kept() {
    let mut scene = Scene::new("restart");
    scene.offer(5, 0);
    scene.runs().unwrap();
    let earlier = SignedNote::parse(&scene.exchange().read(Paper::Cosigned, 5).unwrap()).unwrap();
    scene.offer(12, 5);
    scene.runs().unwrap();
    let later = SignedNote::parse(&scene.exchange().read(Paper::Cosigned, 12).unwrap()).unwrap();
    assert!(scene.home().restart(ORIGIN, Some(&later)).is_err(), "not an earlier one");
    assert!(scene.home().restart("musubi.example/131016", None).is_err());
    assert_eq!(scene.home().restart(ORIGIN, Some(&earlier)).unwrap().size, 12);
    assert_eq!(scene.remembers(), 5);
    assert!(scene.home().path(ORIGIN, "abandoned-12").exists());
    // The hub was restored to 7 entries and went on otherwise; the later note still lies in the exchange folder.
    scene.leaves[7] = LeafHash::of(b"another");
    scene.exchange().remove(Paper::Proof, 12);
    scene.offer(9, 5);
    assert_eq!(scene.runs(), Ok(Some(9)));
    assert_eq!(scene.home().restart(ORIGIN, None).unwrap().size, 9);
    scene.offer(10, 0);
    assert!(scene.runs().unwrap_err().contains("cosigned 5 entries"), "from nothing: the earlier notes go too");
    scene.exchange().remove(Paper::Cosigned, 5);
    assert_eq!(scene.runs(), Ok(Some(10)));
}

#[test]
fn s35_a_key_is_read_as_it_was_made_and_only_by_its_owner() {
    let scene = Scene::new("key");
    assert_eq!(scene.home().key().secret(), [9; 32]);
    let path = scene.folder.join("home").join(KEY);
    assert!(Home::make(&scene.folder.join("home"), "witness.example/w1", &[8; 32]).is_err(), "no key is replaced");
    let text = fs::read_to_string(&path).unwrap();
    assert!(secret_key(&text.replace("witness.example", "witness.other")).is_none());
    let running = scene.home();
    assert!(matches!(Home::open(&scene.folder.join("home")), Err(HomeError::Busy(_))));
    drop(running);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(Home::open(&scene.folder.join("home")), Err(HomeError::Open(_))));
}
