//! Scores of CVSS vectors: <https://www.first.org/cvss/>.

/// Metrics of the base group of CVSS 2.0, each of which a vector has to have.
const BASE_2: [&str; 6] = ["AV", "AC", "Au", "C", "I", "A"];
/// Those of CVSS 3.0 and 3.1.
const BASE_3: [&str; 8] = ["AV", "AC", "PR", "UI", "S", "C", "I", "A"];
/// Those of CVSS 4.0.
const BASE_4: [&str; 11] = ["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];

/// The longest vector that is looked at: one of 4.0 with all its metrics has 200 characters.
const VECTOR_LENGTH_MAX: usize = 512;

/// The base score of a vector of CVSS 2.0 (`AV:N/AC:L/…`, also in parentheses), 3.0, 3.1 or 4.0
/// (`CVSS:3.1/AV:N/…`): 0.0 to 10.0. Metrics of other groups are allowed and do not count. `None` for
/// what is no vector, or lacks a base metric.
pub fn base_score(vector: &str) -> Option<f64> {
    let text = vector.trim();
    if text.len() > VECTOR_LENGTH_MAX {
        return None;
    }
    if let Some(metrics) = text.strip_prefix("CVSS:3.0/") {
        return three(&base_only("CVSS:3.0", metrics, &BASE_3)?);
    }
    if let Some(metrics) = text.strip_prefix("CVSS:3.1/") {
        return three(&base_only("CVSS:3.1", metrics, &BASE_3)?);
    }
    if let Some(metrics) = text.strip_prefix("CVSS:4.0/") {
        let vector = base_only("CVSS:4.0", metrics, &BASE_4)?;
        return Some(vector.parse::<cvss::v4::Vector>().ok()?.score().value());
    }
    let text = text.strip_prefix("CVSS:2.0/").unwrap_or(text);
    let metrics = text.strip_prefix('(').and_then(|it| it.strip_suffix(')')).unwrap_or(text);
    let vector = base_only("", metrics, &BASE_2)?;
    Some(vector.parse::<cvss::v2::Vector>().ok()?.score().value())
}

fn three(vector: &str) -> Option<f64> {
    Some(vector.parse::<cvss::v3::Vector>().ok()?.base_score().value())
}

/// The vector without the metrics of other groups, if each of `base` is there once.
fn base_only(prefix: &str, metrics: &str, base: &[&str]) -> Option<String> {
    let mut vector = prefix.to_owned();
    let mut seen = 0_u32;
    for metric in metrics.split('/') {
        let (name, value) = metric.split_once(':')?;
        let Some(index) = base.iter().position(|it| *it == name) else { continue };
        let bit = 1 << index;
        if seen & bit != 0 {
            return None;
        }
        seen |= bit;
        if !vector.is_empty() {
            vector.push('/');
        }
        vector.extend([name, ":", value]);
    }
    (seen.count_ones() as usize == base.len()).then_some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_calculators() {
        for (vector, score) in [
            ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
            ("(AV:L/AC:H/Au:N/C:C/I:C/A:C)", 6.2),
            ("AV:N/AC:M/Au:N/C:P/I:N/A:N/E:F/RL:OF/RC:C", 4.3),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/RC:C", 7.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
            ("CVSS:4.0/AV:L/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", 7.3),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0),
        ] {
            assert_eq!(base_score(vector), Some(score), "{vector}");
        }
    }

    #[test]
    fn what_is_no_vector_has_no_score() {
        let long = "CVSS:3.1/AV:N".repeat(100);
        for wrong in [
            "",
            "9.8",
            "CVSS:3.1",
            "CVSS:3.1/",
            "CVSS:3.1/AV:N",
            "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:5.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "AV:N/AC:L/Au:N/C:N/I:N",
            "AV:N/AC:L/Au:N/C:N/I:N/A:C:C",
            &long,
        ] {
            assert_eq!(base_score(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_base_vector_of_4_has_a_score() {
        let scopes = ["N", "L", "H"];
        for (av, pr, ui) in [("N", "N", "N"), ("A", "L", "P"), ("P", "H", "A"), ("L", "N", "P")] {
            for (ac, at) in [("L", "N"), ("H", "N"), ("L", "P"), ("H", "P")] {
                for index in 0..729_usize {
                    let at_place = |place: u32| scopes[index / 3_usize.pow(place) % 3];
                    let [vc, vi, va] = [at_place(0), at_place(1), at_place(2)];
                    let [sc, si, sa] = [at_place(3), at_place(4), at_place(5)];
                    let vector = format!(
                        "CVSS:4.0/AV:{av}/AC:{ac}/AT:{at}/PR:{pr}/UI:{ui}/VC:{vc}/VI:{vi}/VA:{va}/SC:{sc}/SI:{si}/SA:{sa}"
                    );
                    let score = base_score(&vector).unwrap();
                    assert!((0.0..=10.0).contains(&score), "{vector}: {score}");
                }
            }
        }
    }
}
