//! The arithmetic of figures: medians, quantiles, ratios.

/// The value that `share` of the values do not exceed: one of them, or zero if there are none.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "there are some million values at the most")]
    let place = (sorted.len() as f64 * share).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as above")]
    let place = (place as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(place).copied().unwrap_or_default()
}

/// The middle value; of an even number of values the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (None, _) => 0.0,
        (Some(value), 1) => *value,
        (Some(value), _) => f64::midpoint(sorted[middle - 1], *value),
    }
}

/// `a / b`; of nothing by nothing zero, and never infinite, so that it can be printed.
pub fn ratio(a: f64, b: f64) -> f64 {
    a / b.max(1e-9)
}

/// A count or a size as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts and sizes here are far below 2^53")]
pub fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let shares = [0.0, 0.5, 0.99, 1.0].map(|share| quantile(&hundred, share));
        assert_eq!(format!("{shares:?}"), "[1.0, 50.0, 99.0, 100.0]");
        assert_eq!(format!("{:?}", quantile(&[], 0.5)), "0.0");
        assert_eq!(format!("{:?}", quantile(&[7.0], 0.99)), "7.0");
    }

    #[test]
    fn a_median_lies_in_the_middle() {
        let medians = [&[][..], &[3.0], &[9.0, 1.0], &[5.0, 1.0, 100.0]].map(median);
        assert_eq!(format!("{medians:?}"), "[0.0, 3.0, 5.0, 5.0]");
    }

    #[test]
    fn a_ratio_is_finite() {
        assert_eq!(format!("{:?}", ratio(6.0, 3.0)), "2.0");
        assert_eq!(format!("{:?}", ratio(0.0, 0.0)), "0.0");
        assert!(ratio(1.0, 0.0).is_finite());
    }
}
