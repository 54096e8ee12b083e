use super::attacker::{bounds, is_possible, possible_numbers};
use crate::statistics::circulation::Circulation;
use crate::statistics::{LEAST_TOLD, OPEN_MIN};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type Size = [Option<usize>; 2];

/// Cells with their sums, in the order of a table.
fn with_sums(size: Size, cells: &[u32]) -> Vec<u32> {
    let Some(columns) = size[1] else { return cells.iter().copied().chain([cells.iter().sum()]).collect() };
    let rows = cells.chunks(columns).map(<[u32]>::to_vec);
    let sums = (0..columns).map(|column| cells.iter().skip(column).step_by(columns).sum()).collect();
    rows.chain([sums]).flat_map(|row: Vec<u32>| [row.clone(), vec![row.iter().sum()]].concat()).collect()
}

fn told(size: Size, cells: &[u32]) -> Vec<Option<u32>> {
    Circulation::of(size, &with_sums(size, cells)).told()
}

fn of_one_row(cells: &[u32]) -> Vec<Option<u32>> {
    told([Some(cells.len()), None], cells)
}

/// Small, about the threshold, and large.
fn count() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..4, 7_u32..13, 0_u32..20, 0_u32..200]
}

fn cells_of(size: Size) -> impl Strategy<Value = (Size, Vec<u32>)> {
    let cells = size.into_iter().flatten().product::<usize>();
    (Just(size), vec(count(), cells))
}

fn tables() -> impl Strategy<Value = (Size, Vec<u32>)> {
    let of_one = (2_usize..15).prop_map(|rows| [Some(rows), None]);
    let of_two = (2_usize..7, 2_usize..7).prop_map(|(rows, columns)| [Some(rows), Some(columns)]);
    prop_oneof![of_one, of_two].prop_flat_map(cells_of)
}

fn small_tables() -> impl Strategy<Value = (Size, Vec<u32>)> {
    let of_one = (2_usize..6).prop_map(|rows| [Some(rows), None]);
    let of_two = (2_usize..4, 2_usize..3).prop_map(|(rows, columns)| [Some(rows), Some(columns)]);
    prop_oneof![of_one, of_two].prop_flat_map(|size| {
        let cells = size.into_iter().flatten().product::<usize>();
        (Just(size), vec(0_u32..14, cells))
    })
}

proptest! {
    #[test]
    fn no_count_below_ten_is_told_and_what_is_told_is_true((size, cells) in tables()) {
        for (told, count) in told(size, &cells).into_iter().zip(with_sums(size, &cells)) {
            prop_assert!(told.is_none() || (told == Some(count) && count >= LEAST_TOLD));
        }
    }

    #[test]
    fn a_table_of_large_counts_is_told_whole((size, cells) in tables()) {
        let cells: Vec<u32> = cells.into_iter().map(|count| count + LEAST_TOLD).collect();
        prop_assert!(told(size, &cells).iter().all(Option::is_some));
    }

    #[test]
    fn a_total_of_ten_is_told_and_of_less_nothing((size, cells) in tables()) {
        let total = cells.iter().sum::<u32>();
        let told = told(size, &cells);
        prop_assert_eq!(told.last().unwrap().is_some(), total >= LEAST_TOLD);
        prop_assert!(total >= LEAST_TOLD || told.iter().all(Option::is_none));
    }

    #[test]
    fn whoever_tries_every_table_finds_ten_numbers_for_each_withheld_count((size, cells) in small_tables()) {
        let told = told(size, &cells);
        prop_assert!(told.last().unwrap().is_none() || is_possible(size, &told));
        for (place, _) in told.iter().enumerate().filter(|(_, told)| told.is_none()) {
            if told.last().unwrap().is_some() {
                prop_assert_eq!(possible_numbers(size, &told, place, OPEN_MIN as usize), OPEN_MIN as usize);
            }
        }
    }

    #[test]
    fn whoever_goes_through_the_sums_of_a_large_table_finds_no_withheld_count((size, cells) in tables()) {
        let told = told(size, &cells);
        if let (Some(_), [Some(rows), Some(columns)]) = (told.last().unwrap(), size) {
            for ((low, high), told) in bounds(rows, columns, &told).into_iter().zip(&told) {
                prop_assert!(told.is_some() || high - low + 1 >= OPEN_MIN);
            }
        }
    }
}

#[test]
fn a_small_count_takes_the_smallest_of_the_others_with_it() {
    assert_eq!(of_one_row(&[40, 3, 25]), [Some(40), None, None, Some(68)]);
    assert_eq!(of_one_row(&[40, 3, 7]), [Some(40), None, None, Some(50)], "the two hide each other");
    assert_eq!(of_one_row(&[40, 1, 2, 25]), [Some(40), None, None, None, Some(68)], "three of two could be told apart");
}

#[test]
fn nobody_is_withheld_like_a_few() {
    assert_eq!(of_one_row(&[40, 0, 25]), [Some(40), None, None, Some(65)]);
    assert_eq!(of_one_row(&[40, 0, 0]), [None, None, None, Some(40)], "that both are nobody is not told either");
}

#[test]
fn the_total_is_told_though_nothing_else_can_be() {
    assert_eq!(of_one_row(&[10, 0]), [None, None, Some(10)]);
    assert_eq!(of_one_row(&[9, 0]), [None, None, None]);
}

#[test]
fn a_small_cell_of_two_dimensions_is_hidden_by_a_rectangle() {
    let told = told([Some(3), Some(3)], &[3, 20, 30, 25, 12, 40, 50, 60, 70]);
    let withheld: Vec<usize> = told.iter().enumerate().filter(|(_, told)| told.is_none()).map(|(at, _)| at).collect();
    assert_eq!(withheld, [0, 1, 4, 5], "two in each row and column, of those with the least counts");
}

/// The rule is public: whoever runs it over every table knows which are told alike. That finds a few counts, none far from ten.
#[test]
fn whoever_works_out_which_tables_are_told_alike_finds_no_count_below_nine() {
    let mut alike: BTreeMap<Vec<Option<u32>>, [BTreeSet<u32>; 3]> = BTreeMap::new();
    for cells in (0..15_u32.pow(3)).map(|number| [number / 225, number / 15 % 15, number % 15]) {
        let seen = alike.entry(of_one_row(&cells)).or_default();
        for (seen, count) in seen.iter_mut().zip(cells) {
            seen.insert(count);
        }
    }
    for (told, seen) in alike.iter().flat_map(|(told, seen)| told.iter().zip(seen)) {
        assert!(told.is_some() || seen.len() > 1 || seen.iter().all(|count| *count >= 9), "{seen:?}");
    }
}
