//! Deliveries: which are due, which wait, and that each moves on once.

use super::*;

pub(super) async fn a_delivery_moves_on_only_from_where_it_was_read(home: &Home) {
    let store = home.open().await;
    let mother = person();
    let (first, second) = (delivery_row(mother, DeliveryState::Waiting), delivery_row(mother, DeliveryState::Held));
    let both = rows(vec![Row::Delivery(first.clone()), Row::Delivery(second.clone())]);
    store.commit("queue", both).await.unwrap();
    let ids = |rows: Vec<DeliveryRow>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(store.deliveries_due(NOW, 10, &BTreeSet::new()).await.unwrap()), [first.id]);
    assert_eq!(ids(store.deliveries_waiting_for(&[mother]).await.unwrap()), [first.id, second.id]);
    assert_eq!(store.next_delivery_at().await.unwrap(), Some(NOW));
    let expect = vec![Expect::Delivery { id: first.id, state: DeliveryState::Waiting, attempts: 0 }];
    let sent = DeliveryRow { state: DeliveryState::Acknowledged, attempts: 1, ..first.clone() };
    let send = || Change { expect: expect.clone(), ..rows(vec![Row::Delivery(sent.clone())]) };
    let (one, two) = tokio::join!(store.commit("send", send()), store.commit("send", send()));
    one.unwrap();
    assert_eq!(conflict(two), Conflict::Delivery(first.id));
    let stored = store.delivery(first.id).await.unwrap().unwrap();
    assert_eq!(stored, DeliveryRow { sequence: 1, ..sent });
    assert_eq!(ids(store.deliveries_to(&agency(), 1, 10).await.unwrap()), [second.id]);
    assert!(store.deliveries_due(NOW, 10, &BTreeSet::new()).await.unwrap().is_empty());
}

pub(super) async fn when_a_delivery_was_released_and_when_it_left_is_kept_and_taken_back_with_it(home: &Home) {
    let store = home.open().await;
    let waiting = delivery_row(person(), DeliveryState::Waiting);
    let released = DeliveryRow { state: DeliveryState::Released, released_at: Some(NOW), ..waiting.clone() };
    let sent = DeliveryRow { sent_at: Some(NOW.plus_minutes(1)), ..released.clone() };
    let again = sent.clone().queued(DeliveryState::Waiting);
    assert!(!released.has_left() && sent.has_left() && again == waiting);
    for row in [waiting.clone(), released, sent, again] {
        store.commit("move", rows(vec![Row::Delivery(row.clone())])).await.unwrap();
        assert_eq!(store.delivery(row.id).await.unwrap(), Some(DeliveryRow { sequence: 1, ..row }));
    }
    // What an older hub releases says of neither: it may have left.
    store.close().await.unwrap();
    home.tamper("UPDATE delivery SET state = 3", None).await;
    let store = home.open().await;
    let of_old = store.delivery(waiting.id).await.unwrap().unwrap();
    assert_eq!(of_old.stage(), DeliveryStage::Sent);
}

pub(super) async fn what_is_due_for_one_destination_hides_nothing_for_another(home: &Home) {
    let store = home.open().await;
    let to = |recipient: &str, format: &str| DeliveryRow {
        recipient: AgencyId::new(recipient).unwrap(),
        format: format.to_owned(),
        ..delivery_row(person(), DeliveryState::Waiting)
    };
    let slow: Vec<DeliveryRow> = (0..9).map(|_| to("OSC-482072", "folder:ph05")).collect();
    let others = [to("OSC-482072", "https:ph05"), to("OSC-48207", "folder:ph05"), to("OSC-4820722", "folder:ph05")];
    let all = slow.iter().chain(&others).cloned().map(Row::Delivery).collect();
    store.commit("queue", rows(all)).await.unwrap();
    let due = async |limit, passed_over: &[&DeliveryRow]| {
        let passed_over = passed_over.iter().map(|row| (row.recipient.clone(), row.format.clone())).collect();
        let rows = store.deliveries_due(NOW, limit, &passed_over).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<BTreeSet<_>>()
    };
    let of = |rows: &[DeliveryRow]| rows.iter().map(|row| row.id).collect::<BTreeSet<_>>();
    assert!(due(4, &[]).await.is_subset(&of(&slow)), "the oldest first");
    assert_eq!(due(4, &[&slow[0]]).await, of(&others), "another channel, and others whose name only begins alike");
    assert_eq!(due(4, &[&slow[0], &others[0], &others[2]]).await, of(&others[1..2]));
}

pub(super) async fn the_oldest_of_each_destination_is_known_however_many_wait_for_one(home: &Home) {
    let store = home.open().await;
    let to = |recipient: &str, state, minutes| DeliveryRow {
        recipient: AgencyId::new(recipient).unwrap(),
        created_at: NOW.plus_minutes(minutes),
        ..delivery_row(person(), state)
    };
    let waiting = (0..50).map(|minutes| to("OSC-482072", DeliveryState::Waiting, minutes));
    let later = [
        to("MED-4810700122", DeliveryState::Released, 90),
        to("MED-4810700122", DeliveryState::Waiting, 95),
        to("PV-1", DeliveryState::Dead, 1),
        to("PV-1", DeliveryState::Held, 1),
    ];
    store.commit("queue", rows(waiting.chain(later).map(Row::Delivery).collect())).await.unwrap();
    let mut oldest = store.oldest_undelivered().await.unwrap();
    oldest.sort_by(|one, other| one.recipient.cmp(&other.recipient));
    let oldest: Vec<_> = oldest.iter().map(|row| (row.recipient.as_str(), row.created_at)).collect();
    assert_eq!(oldest, [("MED-4810700122", NOW.plus_minutes(90)), ("OSC-482072", NOW)]);
}

pub(super) async fn held_deliveries_are_read_page_by_page_and_none_is_passed_over(home: &Home) {
    let store = home.open().await;
    let row = |next_at| DeliveryRow { next_at, ..delivery_row(person(), DeliveryState::Held) };
    let held = [row(NOW), row(NOW), row(NOW), row(NOW.plus_days(1)), row(NOW.plus_days(-1))];
    store.commit("hold", rows(held.iter().cloned().map(Row::Delivery).collect())).await.unwrap();
    let (mut read, mut after) = (Vec::new(), (Time::MIN, 0));
    loop {
        let page = store.deliveries_held(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = (last.next_at, last.sequence);
        read.extend(page.into_iter().map(|row| row.id));
    }
    assert_eq!(read, [4, 0, 1, 2, 3].map(|place| held[place].id));
}
