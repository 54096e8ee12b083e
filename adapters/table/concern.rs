//! The concern of a row (懸念): what somebody noticed, offered to the municipality as a notification. It is an entry of its own,
//! so that who may read the rest of the row need not be told of it. The columns are the same in every layout that has them.

use super::header::key_of;
use super::{Column, Layout, RowReader, values};
use musubi_core::adapter::Diagnostic;
use musubi_proto::v1 as proto;

/// Every column of it. One that is filled in makes a concern: what is missing then is asked for, and nothing is lost.
const KEYS: [&str; 6] =
    ["concern_ground", "concern_text", "concern_at", "concern_infant", "concern_notifier", "concern_consent"];

/// Grounds under which a concern is offered: notification of abuse, of a child in need of protection, information.
const GROUNDS: [(i32, &str); 3] = [(1, "L01"), (2, "L02"), (3, "L03")];
const CONSENTS: [(i32, &str); 3] = [(1, "agreed"), (2, "declined"), (3, "not_asked")];

/// Does the row raise one?
pub fn is_raised(row: &RowReader<'_>) -> bool {
    KEYS.iter().any(|key| row.raw(*key).is_some())
}

/// The concern of a row, and the key of the child that it is about; about the mother where the row names none.
pub fn read(row: &mut RowReader<'_>) -> Option<(proto::Concern, Option<String>)> {
    if !is_raised(row) {
        return None;
    }
    let word = |word: Option<&str>| word.unwrap_or("").to_owned();
    let concern = proto::Concern {
        observed_at: row.moment("concern_at").map(values::date_time),
        text: row.text_up_to("concern_text", 1000),
        notifier: row.text_up_to("concern_notifier", 100),
        ground: word(row.code("concern_ground", &GROUNDS)),
        consent_sought: word(row.code("concern_consent", &CONSENTS)),
        ..proto::Concern::default()
    };
    let child = Some(row.text_up_to("concern_infant", 40)).filter(|key| !key.is_empty());
    Some((concern, child))
}

/// What the sender of a file is told that was refused whole, where it may hold a concern: its header has a column for one, or
/// could not be read. Mending a file takes time that a child may not have.
pub(super) fn in_a_refused_file(layout: &Layout, header: Option<&[String]>) -> Option<Diagnostic> {
    let of_concern = |column: &&Column| KEYS.contains(&column.key);
    let names: Vec<String> =
        layout.columns.iter().filter(of_concern).flat_map(|c| [key_of(c.name), key_of(c.key)]).collect();
    let stands = |header: &[String]| header.iter().any(|cell| names.contains(&key_of(cell)));
    (!names.is_empty() && header.is_none_or(stands)).then(|| {
        Diagnostic::warning(
            "M722",
            "file",
            "ファイル全体を受け取れませんでした。懸念の列に書かれた内容も届いていません。記入がある場合は、ファイルを直す前に、すぐに電話でこども家庭センターへ知らせてください。",
            "Nothing of the file was taken, and no concern in it either. If it holds one, report it to the center by telephone at once, before the file is mended.",
        )
    })
}
