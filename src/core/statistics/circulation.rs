//! What of a table is withheld.
//!
//! A table with its sums is a circulation. The total flows from the last node into the first, from there as the sums of the rows
//! to a node for each row, as the cells on to a node for each column, and as the sums of the columns back to the last node. That
//! the cells of a row or a column add up to its sum is that as much leaves a node as reaches it; a table of one dimension has its
//! cells between the first node and the last. Whoever reads the table knows these equations, the counts that are told, and that
//! none is negative. A withheld count can then be just those numbers that it takes when something flows around through counts
//! that are withheld, and how far that goes is a greatest flow: the bounds found here are exact.

/// A count below this is withheld (`consent.md` section 12).
pub const LEAST_TOLD: u32 = 10;
/// A withheld count could be so many numbers at least, for whoever knows all that is told.
pub const OPEN_MIN: u32 = 10;

/// A count on its way from one node to another.
#[derive(Clone, Copy)]
struct Arc {
    from: usize,
    to: usize,
    count: u32,
    told: bool,
    /// The total is told wherever it is large enough: what else is withheld can always hide what is small.
    is_total: bool,
}

/// Which way a count is moved.
#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

/// Through what it may flow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Through {
    /// Counts that are withheld.
    Withheld,
    /// Others too, which are then withheld.
    Others,
}

/// A table of counts while it is decided what is told of it.
pub(super) struct Circulation {
    nodes: usize,
    arcs: Vec<Arc>,
}

impl Circulation {
    /// Rows and columns (without their sums) and the counts in the order of [`super::Table::counts`].
    pub(super) fn of(size: [Option<usize>; 2], counts: &[u32]) -> Self {
        let [rows, columns] = size.map(Option::unwrap_or_default);
        let last = rows + columns + 1;
        let places = (0..=rows).flat_map(|row| (0..=columns).map(move |column| (row, column)));
        let arcs = places.zip(counts).map(|((row, column), count)| {
            let is_total = row == rows && column == columns;
            let (from, to) = match (row == rows, column == columns) {
                (true, true) => (last, 0),
                (false, true) if columns == 0 => (0, last),
                (false, true) => (0, 1 + row),
                (true, false) => (1 + rows + column, last),
                (false, false) => (1 + row, 1 + rows + column),
            };
            Arc { from, to, count: *count, told: *count >= LEAST_TOLD, is_total }
        });
        Circulation { nodes: last + 1, arcs: arcs.collect() }
    }

    /// What may be told, in the order of the counts. The same counts are always told in the same way.
    pub(super) fn told(mut self) -> Vec<Option<u32>> {
        // To withhold more never narrows what is withheld already, so that this ends.
        while let Some(narrow) = (0..self.arcs.len()).find(|arc| self.is_withheld(*arc) && !self.is_open(*arc)) {
            self.widen(narrow);
        }
        self.arcs.iter().map(|arc| arc.told.then_some(arc.count)).collect()
    }

    fn is_withheld(&self, arc: usize) -> bool {
        self.arcs.get(arc).is_some_and(|arc| !arc.told)
    }

    /// Could this count be enough numbers?
    fn is_open(&mut self, arc: usize) -> bool {
        self.room(arc, &[(Way::Down, Through::Withheld), (Way::Up, Through::Withheld)]) + 1 >= OPEN_MIN
    }

    /// Withholds others, so that it could. Those whose numbers add up to least are looked for first, one way around after another.
    fn widen(&mut self, arc: usize) {
        let free = [(Way::Down, Through::Withheld), (Way::Up, Through::Withheld)];
        let paid = [(Way::Up, Through::Others), (Way::Down, Through::Others)];
        self.room(arc, &[free, paid].concat());
    }

    /// By how much this count can be moved in all, as far as anybody cares.
    fn room(&mut self, arc: usize, moves: &[(Way, Through)]) -> u32 {
        let counts: Vec<u32> = self.arcs.iter().map(|arc| arc.count).collect();
        let Some(own) = self.arcs.get(arc).copied() else { return 0 };
        let (mut up, mut down) = (Moved::new(&counts), Moved::new(&counts));
        for (way, through) in moves {
            let needed = (OPEN_MIN - 1).saturating_sub(up.by + down.by);
            match way {
                Way::Up => self.push(arc, (own.to, own.from), *through, needed, &mut up),
                Way::Down => {
                    let needed = needed.min(own.count.saturating_sub(down.by));
                    self.push(arc, (own.from, own.to), *through, needed, &mut down);
                }
            }
        }
        up.by + down.by
    }

    /// Lets more flow between two nodes beside an arc, along the cheapest ways.
    fn push(&mut self, beside: usize, ends: (usize, usize), through: Through, needed: u32, moved: &mut Moved) {
        let mut needed = needed;
        while needed > 0 {
            let Some(path) = self.cheapest(beside, ends, through, &moved.flow) else { return };
            let spare = path.iter().filter(|step| step.back).filter_map(|step| moved.flow.get(step.arc)).min();
            let amount = spare.map_or(needed, |spare| needed.min(*spare));
            for step in &path {
                if let (Some(arc), Some(flow)) = (self.arcs.get_mut(step.arc), moved.flow.get_mut(step.arc)) {
                    arc.told = false;
                    *flow = if step.back { *flow - amount } else { *flow + amount };
                }
            }
            moved.by += amount;
            needed -= amount;
        }
    }

    /// A way between two nodes on which more can flow: forward without end, backward what flows there. A count that is told
    /// costs its number, one that is withheld nothing (Bellman and Ford).
    fn cheapest(&self, beside: usize, ends: (usize, usize), through: Through, flow: &[u32]) -> Option<Vec<Step>> {
        let usable = |arc: &Arc| !arc.told || (through == Through::Others && !arc.is_total);
        let mut reached: Vec<Option<(u64, Option<Step>)>> = vec![None; self.nodes];
        *reached.get_mut(ends.0)? = Some((0, None));
        for _ in 0..self.nodes {
            for (number, arc) in self.arcs.iter().enumerate().filter(|(number, arc)| *number != beside && usable(arc)) {
                let cost = if arc.told { u64::from(arc.count) } else { 0 };
                let forward = (arc.from, arc.to, false);
                let backward = flow.get(number).is_some_and(|flow| *flow > 0).then_some((arc.to, arc.from, true));
                for (from, to, back) in [Some(forward), backward].into_iter().flatten() {
                    let Some((so_far, _)) = reached.get(from).copied().flatten() else { continue };
                    let Some(there) = reached.get_mut(to) else { continue };
                    if there.as_ref().is_none_or(|(known, _)| so_far + cost < *known) {
                        *there = Some((so_far + cost, Some(Step { arc: number, from, back })));
                    }
                }
            }
        }
        let (mut path, mut at) = (Vec::new(), ends.1);
        while let Some(step) = reached.get(at).copied().flatten()?.1 {
            path.push(step);
            at = step.from;
        }
        Some(path)
    }
}

/// One arc of a way, and where it begins.
#[derive(Clone, Copy)]
struct Step {
    arc: usize,
    from: usize,
    back: bool,
}

/// The counts while one of them is moved.
struct Moved {
    flow: Vec<u32>,
    by: u32,
}

impl Moved {
    fn new(counts: &[u32]) -> Self {
        Moved { flow: counts.to_vec(), by: 0 }
    }
}
