//! What is told, whom, and in which form: read by a strict reader.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::HeaderValue;

use super::*;
use crate::{Config, Installation, Settings};

/// The samples of a text by their names and labels; panics at whatever is not in the format.
pub(crate) fn read(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'), "the last line ends as well");
    let (mut samples, mut families) = (BTreeMap::new(), BTreeSet::new());
    let mut family = (String::new(), "");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, what) = help.split_once(' ').unwrap();
            assert!(what.ends_with('.'), "{line}");
            let kind = lines.next().unwrap().strip_prefix(&format!("# TYPE {name} ")).unwrap();
            assert!(["counter", "gauge", "summary"].contains(&kind), "{kind}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
            assert!(name.starts_with("wharfinger_") && is_name(name), "{name}");
            assert!(families.insert(name.to_owned()), "{name} comes twice");
            family = (name.to_owned(), kind);
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
            None => (series, ""),
        };
        let of_summary = family.1 == "summary";
        let suffix = name.strip_prefix(family.0.as_str()).unwrap();
        assert!(matches!((suffix, of_summary), ("", false) | ("_sum" | "_count", true)), "{line}");
        read_labels(labels);
        let value: f64 = value.parse().unwrap();
        assert!(value.is_finite() && value >= 0.0, "{line}");
        assert!(samples.insert(series.to_owned(), value).is_none(), "{series} comes twice");
    }
    samples
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn read_labels(mut rest: &str) {
    let mut names = BTreeSet::new();
    while !rest.is_empty() {
        let (name, quoted) = rest.split_once("=\"").unwrap();
        assert!(is_name(name) && names.insert(name), "{rest}");
        let mut end = None;
        let mut characters = quoted.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => assert!(matches!(characters.next(), Some((_, '\\' | '"' | 'n')))),
                '"' => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        rest = &quoted[end.unwrap() + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}

#[tokio::test]
async fn what_was_counted_is_told() {
    let metrics = Metrics { started_at: Timestamp::from_seconds(7), ..Metrics::default() };
    for (served, status) in [(Served::Oci, 200), (Served::Oci, 206), (Served::Aws, 400)] {
        metrics.answered(served, StatusCode::from_u16(status).unwrap());
    }
    metrics.answered(Served::Other, StatusCode::from_u16(999).unwrap());
    let first = metrics.connections.open();
    let _second = metrics.connections.open();
    drop(first);
    let samples = read(&metrics.text(Timestamp::from_seconds(9)).await);
    for (series, value) in [
        ("wharfinger_start_time_seconds", 7.0),
        ("wharfinger_requests_total{edge=\"oci\",status=\"2xx\"}", 2.0),
        ("wharfinger_requests_total{edge=\"aws\",status=\"4xx\"}", 1.0),
        ("wharfinger_requests_total{edge=\"aws\",status=\"5xx\"}", 0.0),
        ("wharfinger_requests_total{edge=\"other\",status=\"5xx\"}", 1.0),
        ("wharfinger_connections_open", 1.0),
        ("wharfinger_connections_accepted_total", 2.0),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series}");
    }
    if cfg!(target_os = "linux") {
        assert!(samples["wharfinger_resident_memory_bytes"] > 1_000_000.0);
    }
}

#[test]
fn they_are_for_this_machine_and_those_that_are_named() {
    let named = Metrics { allowed: vec!["10.1.0.0/16".parse().unwrap()], ..Metrics::default() };
    let mut forwarded = HeaderMap::new();
    forwarded.insert("x-forwarded-for", HeaderValue::from_static("127.0.0.1"));
    let none = HeaderMap::new();
    for (peer, sender, headers, expected) in [
        ("127.0.0.1", "127.0.0.1", &none, true),
        ("::1", "::1", &none, true),
        ("::ffff:127.0.0.1", "127.0.0.1", &none, true),
        ("10.1.2.3", "10.1.2.3", &none, true),
        ("10.2.2.3", "10.2.2.3", &none, false),
        ("203.0.113.7", "203.0.113.7", &forwarded, false),
        // A proxy on this machine that nobody named: it may bring anyone's requests.
        ("127.0.0.1", "127.0.0.1", &forwarded, false),
        // Proxies that are believed.
        ("127.0.0.1", "203.0.113.7", &forwarded, false),
        ("203.0.113.7", "10.1.2.3", &forwarded, true),
        ("203.0.113.7", "127.0.0.1", &forwarded, true),
    ] {
        let [peer, sender] = [peer, sender].map(|text| text.parse().unwrap());
        assert_eq!(named.may_be_read_by(peer, sender, headers), expected, "{peer} {sender}");
    }
    let [peer, sender] = ["10.1.2.3"; 2].map(|text| text.parse().unwrap());
    assert!(!Metrics::default().may_be_read_by(peer, sender, &none));
}

#[tokio::test]
async fn all_of_them_are_in_the_format_and_in_the_documentation() {
    let folder = tempfile::tempdir().unwrap();
    let none = Settings::default;
    let config = Config::resolve(none(), none(), Some(folder.path().join("data"))).unwrap();
    let installation = Installation::start(&config).await.unwrap();
    let registry = installation.registry(&config).unwrap();
    registry.ensure_standing_jobs().await.unwrap();
    registry.counters().images_expired.add(3);
    let now = installation.clock().now();
    let metrics = Metrics::new(registry, Audit::off(), now, Vec::new());
    let text = metrics.text(now.plus(Duration::from_secs(90))).await;
    let samples = read(&text);
    assert_eq!(samples["wharfinger_metadata_up"], 1.0);
    assert_eq!(samples["wharfinger_jobs{kind=\"scrub\",status=\"waiting\"}"], 1.0);
    assert!(samples["wharfinger_job_lag_seconds{kind=\"scrub\"}"] >= 90.0);
    assert_eq!(samples["wharfinger_job_lag_seconds{kind=\"activate-image\"}"], 0.0);
    assert_eq!(samples["wharfinger_lifecycle_images_total{action=\"expire\"}"], 3.0);
    let documentation = include_str!("../../../../docs/metrics.md");
    let mut told = 0;
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert!(documentation.contains(&format!("| `{name}` | {kind} |")), "{name}");
        told += 1;
    }
    let documented = documentation.lines().filter(|line| line.starts_with("| `wharfinger_"));
    assert_eq!(told, documented.count());
}
