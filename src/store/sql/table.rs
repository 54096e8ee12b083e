//! The tables, as a batch sees them. Each database has its own statements for them.

/// What is written, in the order in which a batch writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) enum Table {
    Log,
    Setting,
    Agency,
    Staff,
    Person,
    Alias,
    PersonIndex,
    Message,
    Entries,
    Fact,
    Superseded,
    Referral,
    Delivery,
    WorkItem,
    Release,
    SignIn,
    SignInEnded,
    Concerned,
    Leaf,
    LeafPerson,
    Epoch,
    Checkpoint,
    Cosignature,
}
