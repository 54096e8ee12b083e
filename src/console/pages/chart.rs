//! Charts, drawn as inline SVG: points in time with a line between them, and shares of those in view as bars; the numbers
//! beside them in words for who cannot see a drawing.

use crate::console::layout::day_of;
use crate::console::visit::Visit;
use maud::{Markup, html};
use musubi_adapters::screen::{Point, Series};
use musubi_core::outlook::{Coverage, Stage, Tally};
use musubi_core::signals::EPDS_CUT_OFF;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 180.0;
/// Room for the numbers at the left and the dates below.
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 26.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 70.0;
/// The highest total of the EPDS.
const EPDS_MAX: f64 = 30.0;

/// What a chart says.
struct Drawn<'a> {
    title: &'a str,
    unit: &'a str,
    low: f64,
    high: f64,
    /// A line that values are compared with.
    mark: Option<(f64, &'a str)>,
}

/// Height of a bar with the room around it.
const BAR: f64 = 30.0;

/// How far everybody in view is looked after: a bar for each stage, and the numbers as a table.
pub(in crate::console) fn coverage(visit: &Visit, coverage: &Coverage) -> Markup {
    let stages: Vec<(Stage, Tally)> = coverage.stages().collect();
    let most = stages.iter().map(|(_, tally)| tally.all()).max().unwrap_or(0).max(1);
    let title = visit.say("見守りの状況", "How everybody is looked after");
    let height = stages.len() as f64 * BAR;
    html! {
        @if !stages.is_empty() {
            figure.panel.chart.coverage {
                figcaption { (title) }
                svg viewBox=(format!("0 0 {WIDTH} {height}")) preserveAspectRatio="none" role="img" aria-label=(title) {
                    @for (row, (_, tally)) in stages.iter().enumerate() { (bar(tally, row as f64 * BAR, most)) }
                }
                div.scroll { table {
                    thead { tr {
                        @for (ja, en) in [("段階", "Stage"), ("予定どおり", "In time"), ("期限超過", "Overdue"), ("予定なし", "Nothing due"), ("まだ誰も会っていない", "Met by nobody yet")] {
                            th scope="col" { (visit.say(ja, en)) }
                        }
                    } }
                    tbody { @for (stage, tally) in &stages {
                        tr {
                            th scope="row" { (stage_in_words(visit, *stage)) }
                            td { span.key.good {} (tally.in_time) }
                            td.mark[tally.overdue > 0] { span.key.late {} (tally.overdue) }
                            td { span.key.open {} (tally.nothing) }
                            td.mark[tally.unmet > 0] { (tally.unmet) }
                        }
                    } }
                } }
            }
        }
    }
}

fn bar(tally: &Tally, y: f64, most: u32) -> Markup {
    let width = |count: u32| f64::from(count) / f64::from(most) * WIDTH;
    let (good, late, open) = (width(tally.in_time), width(tally.overdue), width(tally.nothing));
    html! {
        @for (class, x, width) in [("good", 0.0, good), ("late", good, late), ("open", good + late, open)] {
            rect class=(class) x=(format!("{x:.1}")) y=(y + 4.0) width=(format!("{width:.1}")) height=(BAR - 8.0) {}
        }
    }
}

fn stage_in_words(visit: &Visit, stage: Stage) -> &str {
    match stage {
        Stage::Pregnant => visit.say("妊婦", "pregnant"),
        Stage::Postpartum => visit.say("産婦", "after birth"),
        Stage::Child => visit.say("乳幼児", "children"),
    }
}

/// Growth of the children.
pub(in crate::console) fn weights(visit: &Visit, series: &[Series]) -> Markup {
    let values = || series.iter().flat_map(|one| &one.points).map(|point| point.value);
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
    // Whole steps of 500 g around what was measured.
    let (low, high) = ((low / 500.0).floor() * 500.0 - 500.0, (high / 500.0).ceil() * 500.0 + 500.0);
    let drawn =
        Drawn { title: visit.say("体重の増え方", "Weight"), unit: "g", low: low.max(0.0), high, mark: None };
    all(visit, series, &drawn)
}

/// EPDS over time.
pub(in crate::console) fn epds(visit: &Visit, series: &[Series]) -> Markup {
    let cut_off = visit.say("9点(区分点)", "cut-off 9");
    let title = visit.say("EPDS(エジンバラ産後うつ病質問票)", "EPDS");
    let unit = visit.say("点", "points");
    all(visit, series, &Drawn { title, unit, low: 0.0, high: EPDS_MAX, mark: Some((f64::from(EPDS_CUT_OFF), cut_off)) })
}

fn all(visit: &Visit, series: &[Series], drawn: &Drawn<'_>) -> Markup {
    html! { @for one in series { (figure(visit, one, drawn)) } }
}

fn figure(visit: &Visit, series: &Series, drawn: &Drawn<'_>) -> Markup {
    let said: Vec<String> = series
        .points
        .iter()
        .map(|point| format!("{} {:.0} {}", day_of(visit, point.day), point.value, drawn.unit))
        .collect();
    html! {
        figure.panel.chart {
            figcaption { (drawn.title) " " small { (series.of) } }
            (drawing(visit, series, drawn))
            details { summary { (visit.say("数値", "Numbers")) } ul { @for line in &said { li { (line) } } } }
        }
    }
}

fn drawing(visit: &Visit, series: &Series, drawn: &Drawn<'_>) -> Markup {
    let scale = Scale::of(&series.points, drawn);
    let line: Vec<String> =
        series.points.iter().map(|point| scale.at(point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(format!("{} {}", drawn.title, series.of)) {
            @for value in [drawn.low, drawn.high] {
                text.axis x=(LEFT - 6.0) y=(scale.y(value) + 4.0) text-anchor="end" { (format!("{value:.0}")) }
            }
            line.frame x1=(LEFT) y1=(TOP) x2=(LEFT) y2=(bottom) {}
            line.frame x1=(LEFT) y1=(bottom) x2=(right) y2=(bottom) {}
            @if let Some((value, word)) = drawn.mark {
                line.cut x1=(LEFT) y1=(scale.y(value)) x2=(right) y2=(scale.y(value)) {}
                text.axis x=(right + 4.0) y=(scale.y(value) + 4.0) { (word) }
            }
            polyline.curve points=(line.join(" ")) {}
            @for point in &series.points {
                @let (x, y) = scale.at(point);
                circle.dot cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="4" {}
                text.value x=(format!("{x:.1}")) y=(format!("{:.1}", y - 8.0)) text-anchor="middle" { (format!("{:.0}", point.value)) }
            }
            @for (point, anchor) in ends(&series.points) {
                text.axis x=(format!("{:.1}", scale.at(point).0)) y=(HEIGHT - 8.0) text-anchor=(anchor) {
                    (day_of(visit, point.day))
                }
            }
        }
    }
}

/// The first and the last point, whose dates stand below.
fn ends(points: &[Point]) -> Vec<(&Point, &'static str)> {
    match points {
        [] => Vec::new(),
        [one] => vec![(one, "middle")],
        [first, .., last] => vec![(first, "start"), (last, "end")],
    }
}

/// Where a value stands in the drawing.
struct Scale {
    first: jiff::civil::Date,
    days: f64,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(points: &[Point], drawn: &Drawn<'_>) -> Self {
        let first = points.first().map_or(jiff::civil::Date::MIN, |point| point.day);
        let last = points.last().map_or(first, |point| point.day);
        Scale { first, days: days_between(first, last), low: drawn.low, high: drawn.high.max(drawn.low + 1.0) }
    }

    fn at(&self, point: &Point) -> (f64, f64) {
        let width = WIDTH - RIGHT - LEFT;
        // One point stands in the middle; several leave room for their numbers at both sides.
        let share = if self.days > 0.0 { days_between(self.first, point.day) / self.days } else { 0.5 };
        (LEFT + 20.0 + share * (width - 40.0), self.y(point.value))
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * (HEIGHT - BOTTOM - TOP)
    }
}

fn days_between(first: jiff::civil::Date, last: jiff::civil::Date) -> f64 {
    last.since(first).map_or(0.0, |span| f64::from(span.get_days()))
}
