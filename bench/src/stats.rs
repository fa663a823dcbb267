//! What is said of several rounds? The median, and how far they lie apart.

use std::fmt;

/// A figure of several rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figure(Vec<f64>);

impl Figure {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match self.0.len() {
            0 => f64::NAN,
            len if len % 2 == 1 => self.0[middle],
            _ => f64::midpoint(self.0[middle - 1], self.0[middle]),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (self.0.first().unwrap_or(&f64::NAN), self.0.last().unwrap_or(&f64::NAN));
        let text = match self.median() {
            median if median < 2.0 => format!("{median:.2} [{least:.2}..{most:.2}]"),
            median if median < 100.0 => format!("{median:.1} [{least:.1}..{most:.1}]"),
            median => format!("{median:.0} [{least:.0}..{most:.0}]"),
        };
        f.pad(&text)
    }
}

/// The value below which this share of all lies.
pub(crate) fn percentile(sorted: &[u32], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().map_or(f64::NAN, f64::from)
}
