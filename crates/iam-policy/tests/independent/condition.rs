//! When the conditions of a statement hold, by the table of operators in the IAM user guide.

use std::net::IpAddr;

use serde_json::Value;

use super::evaluator::{Asked, glob, list, literal, substitute};

/// Every operator and every key must hold; of the values of a key, one.
pub fn all_hold(statement: &Value, asked: &Asked, variables: bool) -> bool {
    let Some(condition) = statement.get("Condition") else { return true };
    condition.as_object().unwrap().iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| {
            let found = asked.keys.get(key.to_lowercase().as_str());
            let found = found.map_or(&[][..], Vec::as_slice);
            holds(operator, &texts(values), found, asked, variables)
        })
    })
}

fn texts(values: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    list(values).iter().map(text).collect()
}

fn holds(
    operator: &str,
    wanted: &[String],
    found: &[&str],
    asked: &Asked,
    variables: bool,
) -> bool {
    let is_empty = found.iter().all(|value| value.is_empty());
    if operator == "Null" {
        return wanted.iter().any(|value| (value == "true") == is_empty);
    }
    let (set, name) = match operator.split_once(':') {
        Some((set, name)) => (Some(set), name),
        None => (None, operator),
    };
    let (name, if_exists) = match name.strip_suffix("IfExists") {
        Some(name) => (name, true),
        None => (name, false),
    };
    if found.is_empty() && if_exists {
        return true;
    }
    let (positive, is_negated) = positive(name);
    let one = |value: &&str| {
        let fits = |wanted: &String| matches(&positive, wanted, value, asked, variables);
        wanted.iter().any(fits) != is_negated
    };
    match set {
        Some("ForAllValues") => is_empty || found.iter().all(one),
        Some("ForAnyValue") => found.iter().any(one),
        _ if is_negated => found.iter().all(one),
        _ => found.iter().any(one),
    }
}

/// The operator that a negated one is the opposite of.
fn positive(name: &str) -> (String, bool) {
    match name {
        "NotIpAddress" => ("IpAddress".into(), true),
        _ if name.contains("Not") => (name.replacen("Not", "", 1), true),
        _ => (name.into(), false),
    }
}

fn matches(operator: &str, wanted: &str, found: &str, asked: &Asked, variables: bool) -> bool {
    // Wildcards are characters where they have no meaning.
    let plain = |fold: fn(&str) -> String| {
        let marked = wanted.replace("${*}", "\u{1}").replace("${?}", "\u{2}");
        let text = if variables { marked } else { wanted.to_owned() };
        let hidden = text.replace('*', "\u{1}").replace('?', "\u{2}");
        substitute(&hidden, asked, variables).is_some_and(|signs| {
            let signs: String = signs
                .iter()
                .map(|sign| match sign {
                    super::evaluator::Sign::Itself('\u{1}') => '*',
                    super::evaluator::Sign::Itself('\u{2}') => '?',
                    super::evaluator::Sign::Itself(character) => *character,
                    _ => '\0',
                })
                .collect();
            fold(&signs) == fold(found)
        })
    };
    match operator {
        "StringEquals" => plain(str::to_owned),
        "StringEqualsIgnoreCase" => plain(str::to_lowercase),
        "StringLike" => substitute(wanted, asked, variables).is_some_and(|it| glob(&it, found)),
        "ArnEquals" | "ArnLike" => arn(wanted, found, asked, variables),
        "Bool" => wanted.eq_ignore_ascii_case(found),
        "BinaryEquals" => base64(wanted) == found.as_bytes(),
        "IpAddress" => in_range(wanted, found),
        _ => match operator.strip_prefix("Numeric") {
            Some(relation) => compare(relation, number(wanted), number(found)),
            None => compare(operator.strip_prefix("Date").unwrap(), date(wanted), date(found)),
        },
    }
}

/// Each of the six parts by itself.
fn arn(wanted: &str, found: &str, asked: &Asked, variables: bool) -> bool {
    let wanted: Vec<&str> = wanted.splitn(6, ':').collect();
    let found: Vec<&str> = found.splitn(6, ':').collect();
    found.len() == 6
        && found[0] == "arn"
        && wanted.iter().zip(found).all(|(wanted, found)| {
            substitute(wanted, asked, variables).is_some_and(|wanted| glob(&wanted, found))
        })
}

fn compare(relation: &str, wanted: Option<f64>, found: Option<f64>) -> bool {
    let (Some(wanted), Some(found)) = (wanted, found) else { return false };
    match relation {
        "Equals" => found == wanted,
        "LessThan" => found < wanted,
        "LessThanEquals" => found <= wanted,
        "GreaterThan" => found > wanted,
        "GreaterThanEquals" => found >= wanted,
        _ => panic!("{relation}"),
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// `YYYY-MM-DD`, with `Thh:mm:ssZ` or without, or seconds since 1970.
fn date(text: &str) -> Option<f64> {
    if text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let field = |at: usize, length: usize| text.get(at..at + length)?.parse::<i64>().ok();
    let (year, month, day) = (field(0, 4)?, field(5, 2)?, field(8, 2)?);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let months = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let before: i64 = months.iter().take(usize::try_from(month - 1).ok()?).sum();
    let seconds = match text.len() {
        10 => 0,
        20 => field(11, 2)? * 3_600 + field(14, 2)? * 60 + field(17, 2)?,
        _ => return None,
    };
    Some(((years + before + day - 1) * 86_400 + seconds) as f64)
}

fn in_range(range: &str, found: &str) -> bool {
    let Ok(found) = found.parse::<IpAddr>() else { return false };
    let (first, bits) = range.split_once('/').unwrap_or((range, ""));
    let bytes = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let (first, found) = (bytes(first.parse().unwrap()), bytes(found));
    let bits = bits.parse().unwrap_or(first.len() * 8);
    let bit = |bytes: &[u8], at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    first.len() == found.len() && (0..bits).all(|at| bit(&first, at) == bit(&found, at))
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for digit in text.trim_end_matches('=').chars() {
        bits = bits << 6 | u32::try_from(DIGITS.find(digit).unwrap()).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

/// The parts are right by themselves: examples of the user guide.
#[test]
fn the_second_evaluator_knows_the_examples_of_the_guide() {
    assert_eq!(base64("QmluYXJ5VmFsdWVJbkJhc2U2NA=="), b"BinaryValueInBase64");
    assert!(
        in_range("203.0.113.0/24", "203.0.113.7") && !in_range("203.0.113.0/24", "203.0.114.7")
    );
    assert!(in_range("2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1"));
    assert_eq!(date("2024-02-29T00:00:01Z"), Some(1_709_164_801.0));
    assert_eq!(date("1709164801"), Some(1_709_164_801.0));
    assert!(glob(&literal("a*b?d"), "axxbcd") && !glob(&literal("a*b?d"), "abd"));
    assert_eq!(positive("StringNotEqualsIgnoreCase"), ("StringEqualsIgnoreCase".into(), true));
}
