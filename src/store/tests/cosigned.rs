//! What witnesses signed, kept beside the checkpoints.

use super::*;

fn signed(size: u64, witness: &str) -> CosignatureRow {
    let at = Time::from_micros(1_796_000_000_000_000);
    let line = format!("\u{2014} {witness} AAAAAAA=");
    CosignatureRow { log: Log::Municipality(city()), size, witness: witness.to_owned(), at, line }
}

fn change(row: CosignatureRow) -> Change {
    Change { rows: vec![Row::Cosignature(row)], leaves: vec![leaf(&[])], ..Change::default() }
}

pub(super) async fn s35_what_a_witness_signed_is_kept_once_beside_its_checkpoint(home: &Home) {
    let store = home.open().await;
    let log = Log::Municipality(city());
    let leaves = |count| Change { leaves: (0..count).map(|_| leaf(&[])).collect(), ..Change::default() };
    store.commit("ten", leaves(10)).await.unwrap();
    assert_eq!(store.last_cosigned(&log).await.unwrap(), None);
    let first = store.checkpoint_of(&log, 10).await.unwrap().unwrap();
    store.commit("one", change(signed(10, "one+1"))).await.unwrap();
    store.commit("another", change(signed(10, "two+2"))).await.unwrap();
    // A second hub took up the same: nothing of its change is written, also not its line in the log.
    assert_eq!(
        conflict(store.commit("again", change(signed(10, "one+1"))).await),
        Conflict::Row { table: "cosignature".to_owned() }
    );
    assert_eq!(store.logs().await.unwrap(), [(log.clone(), 12)]);
    let note = format!("{}{}\n{}\n", first.note, signed(10, "one+1").line, signed(10, "two+2").line);
    assert_eq!(store.cosigned_note(&first).await.unwrap(), note);

    let later = store.checkpoint().await.unwrap().remove(0);
    assert_eq!(store.last_cosigned(&log).await.unwrap(), Some(first), "the last that a witness signed, not the last");
    store.commit("later", change(signed(later.size, "one+1"))).await.unwrap();
    assert_eq!(store.last_cosigned(&log).await.unwrap().as_ref(), Some(&later));
    assert_eq!(store.last_of_witness(&log, "one+1").await.unwrap(), Some(signed(later.size, "one+1")));
    assert_eq!(store.last_of_witness(&log, "two+2").await.unwrap(), Some(signed(10, "two+2")));
    assert_eq!(store.last_of_witness(&Log::Hub, "one+1").await.unwrap(), None);
    assert_eq!(store.cosignatures(&log).await.unwrap().len(), 3);

    let edge = store.edge_of(&log, 10).await.unwrap().unwrap();
    let after = store.leaf_hashes_from(&log, 10, later.size).await.unwrap();
    let growth = musubi_verify::Growth::from_edge(&edge, &after, SignedNote::parse(&later.note).unwrap());
    assert_eq!(growth.unwrap().old(), 10, "proved from what was kept of the checkpoint");
}
