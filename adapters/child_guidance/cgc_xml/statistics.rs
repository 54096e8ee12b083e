//! `CaseStatistics`: counts in place of hits, of each municipality by itself. Only words of the code sets and numbers are at hand.

use super::response::{begin, end};
use crate::xml::Writer;
use musubi_core::cases::Level;
use musubi_core::id::Municipality;
use musubi_core::statistics::{Group, Statistics, Table};
use musubi_core::time::Time;

/// Writes the answer to a query for statistics. It opens no case, which is the lowest level, and is never cut short.
pub fn encode_statistics(in_response_to: &str, counted: &[(Municipality, Statistics)], now: Time) -> Vec<u8> {
    let mut writer = begin(in_response_to, Level::L0, now);
    for (municipality, statistics) in counted {
        writer.open("CaseStatistics");
        writer.leaf("JurisdictionCode", municipality.as_str());
        writer.leaf("AsOfDate", &statistics.counted_on().to_string());
        for group in statistics.groups() {
            write_group(group, &mut writer);
        }
        writer.close();
    }
    end(writer, false)
}

fn write_group(group: &Group, out: &mut Writer) {
    out.open("CountedGroup");
    out.leaf("RoleCode", group.population().word());
    for table in group.tables() {
        write_table(table, out);
    }
    out.close();
}

/// Every count of the table, also those that are withheld. A sum leaves out the words over which it goes.
fn write_table(table: &Table, out: &mut Writer) {
    out.open("CountTable");
    for count in table.counts() {
        out.open("CaseCount");
        for (dimension, word) in table.dimensions().into_iter().zip(count.words) {
            if let Some((dimension, word)) = dimension.zip(word) {
                out.leaf(dimension.word(), word);
            }
        }
        match count.number {
            Some(number) => out.leaf("CaseQuantity", &number.to_string()),
            None => out.leaf("Withheld", "true"),
        }
        out.close();
    }
    out.close();
}
