//! Figures, printed one a line: `figure NAME VALUE UNIT (against WHAT)`.

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One figure as a line. Values are given with three significant digits.
pub fn figure(name: &str, value: f64, unit: &str, against: &str) -> String {
    let places = match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    };
    format!("figure {name} {value:.places$} {unit} (against {against})")
}
