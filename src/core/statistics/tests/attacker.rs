//! Somebody who knows all that is told, that sums are sums and that no count is negative; by trying, not by flows.

/// Could these be the counts of a table, whatever is withheld of them?
pub(super) fn is_possible(size: [Option<usize>; 2], told: &[Option<u32>]) -> bool {
    match size {
        [Some(rows), Some(columns)] => Tried { rows, columns, told }.fill(&mut Vec::new()),
        _ => {
            let (total, cells) = told.split_last().unwrap();
            let known: u32 = cells.iter().flatten().sum();
            let all_known = cells.iter().all(Option::is_some);
            total.is_none_or(|total| if all_known { total == known } else { total >= known })
        }
    }
}

/// In how many ways may a withheld count stand? No more than `enough` are looked for.
pub(super) fn possible_numbers(size: [Option<usize>; 2], told: &[Option<u32>], place: usize, enough: usize) -> usize {
    let most = told.last().unwrap().unwrap();
    let with = |number: u32| {
        let mut tried = told.to_vec();
        tried[place] = Some(number);
        is_possible(size, &tried)
    };
    (0..=most).filter(|number| with(*number)).take(enough).count()
}

struct Tried<'a> {
    rows: usize,
    columns: usize,
    told: &'a [Option<u32>],
}

impl Tried<'_> {
    fn told(&self, row: usize, column: usize) -> Option<u32> {
        self.told[row * (self.columns + 1) + column]
    }

    /// Fills cell after cell; the last of a row or a column follows from a sum that is told.
    fn fill(&self, cells: &mut Vec<u32>) -> bool {
        let (row, column) = (cells.len() / self.columns, cells.len() % self.columns);
        if row == self.rows {
            return self.told(row, self.columns).is_none_or(|total| total == cells.iter().sum::<u32>());
        }
        let so_far: u32 = cells.iter().sum();
        let in_row: u32 = cells[row * self.columns..].iter().sum();
        let in_column: u32 = cells.iter().skip(column).step_by(self.columns).sum();
        let mut most = vec![self.told(self.rows, self.columns).unwrap().checked_sub(so_far)];
        let mut exactly = vec![self.told(row, column)];
        for (sum, so_far, is_last) in [
            (self.told(row, self.columns), in_row, column + 1 == self.columns),
            (self.told(self.rows, column), in_column, row + 1 == self.rows),
        ] {
            let Some(sum) = sum else { continue };
            let Some(rest) = sum.checked_sub(so_far) else { return false };
            most.push(Some(rest));
            exactly.push(is_last.then_some(rest));
        }
        let Some(most) = most.into_iter().min().unwrap() else { return false };
        let exactly: Vec<u32> = exactly.into_iter().flatten().collect();
        let range = exactly.first().map_or(0..=most, |number| *number..=*number);
        range.filter(|number| *number <= most && exactly.iter().all(|exact| exact == number)).any(|number| {
            cells.push(number);
            let possible = self.fill(cells);
            cells.pop();
            possible
        })
    }
}

/// From and to what each count can be, as far as one learns by going through the sums again and again.
pub(super) fn bounds(rows: usize, columns: usize, told: &[Option<u32>]) -> Vec<(u32, u32)> {
    let most = told.last().unwrap().unwrap();
    let mut bounds: Vec<(u32, u32)> = told.iter().map(|told| told.map_or((0, most), |told| (told, told))).collect();
    let place = |row: usize, column: usize| row * (columns + 1) + column;
    let of_rows = (0..=rows).map(|row| (0..=columns).map(|column| place(row, column)).collect::<Vec<_>>());
    let of_columns = (0..=columns).map(|column| (0..=rows).map(|row| place(row, column)).collect::<Vec<_>>());
    let sums: Vec<Vec<usize>> = of_rows.chain(of_columns).collect();
    loop {
        let before = bounds.clone();
        for sum in &sums {
            let (whole, parts) = sum.split_last().unwrap();
            let least: u32 = parts.iter().map(|part| bounds[*part].0).sum();
            let greatest: u32 = parts.iter().map(|part| bounds[*part].1).sum();
            bounds[*whole] = (bounds[*whole].0.max(least), bounds[*whole].1.min(greatest));
            for part in parts {
                let (low, high) = bounds[*part];
                let from = bounds[*whole].0.saturating_sub(greatest - high);
                let to = bounds[*whole].1 - (least - low);
                bounds[*part] = (low.max(from), high.min(to));
            }
        }
        if bounds == before {
            return bounds;
        }
    }
}
