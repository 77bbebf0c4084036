//! Measures a database of the size of all that is published: `figures build FOLDER` makes one of
//! 120,000 names and 300,000 advisories, `figures read FOLDER` opens it and looks packages up.
#![expect(clippy::print_stdout, reason = "what is measured is shown")]
#![expect(clippy::disallowed_methods, reason = "what is measured is time")]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use wharfinger_advisories::{
    Affected, Database, Document, Epss, FixStatus, ImportMode, ImportOptions, Interval, Record,
    Store, VersionEnd, Vulnerability,
};
use wharfinger_core::Timestamp;
use wharfinger_package::Ecosystem;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ADVISORIES: u64 = 300_000;
const DISTRIBUTION_NAMES: u64 = 4_000;
const LANGUAGE_NAMES: u64 = 9_500;
const DISTRIBUTIONS: [&str; 13] = [
    "debian:11",
    "debian:12",
    "debian:13",
    "ubuntu:20.04",
    "ubuntu:22.04",
    "ubuntu:24.04",
    "alpine:3.19",
    "alpine:3.20",
    "alpine:3.21",
    "redhat:8",
    "redhat:9",
    "alma:8",
    "alma:9",
];
const LANGUAGES: [&str; 7] = ["npm", "pypi", "maven", "go", "crates.io", "nuget", "packagist"];
const WORDS: [&str; 16] = [
    "buffer",
    "overflow",
    "in",
    "the",
    "parser",
    "allows",
    "remote",
    "attackers",
    "to",
    "execute",
    "arbitrary",
    "code",
    "via",
    "a",
    "crafted",
    "file",
];

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Low numbers come more often, as some packages have many vulnerabilities.
    fn skewed(&mut self, end: u64) -> u64 {
        self.below(end).min(self.below(end)).min(self.below(end))
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["build", folder] => build(Path::new(folder)),
        ["read", folder] => read(Path::new(folder)),
        _ => Err("figures build FOLDER, or figures read FOLDER".into()),
    }
}

fn build(folder: &Path) -> Outcome<()> {
    let store = Store::new(folder);
    let options = ImportOptions {
        mode: ImportMode::Replace,
        updated_at: None,
        imported_at: Timestamp::from_seconds(1_790_000_000),
        license: None,
    };
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let documents = (0..ADVISORIES).map(|n| Ok::<_, Infallible>(document(&mut numbers, n)));
    let covers = DISTRIBUTIONS.iter().chain(&LANGUAGES).map(|of| {
        let records = of.parse().map(Record::Covers).into_iter().collect();
        let id = format!("covers:{of}");
        Ok(Document { source: "osv".to_owned(), id, modified_at: None, records })
    });
    let started = Instant::now();
    let mut import = store.begin()?;
    import.import(&options, documents.chain(covers))?;
    println!("import  {:?}, memory {}", started.elapsed(), memory("VmHWM"));
    let started = Instant::now();
    let information = import.commit(options.imported_at)?;
    let path = folder.join("databases").join(format!("{}.db", information.id));
    println!("build   {:?}, memory {}", started.elapsed(), memory("VmHWM"));
    println!("file    {} bytes", std::fs::metadata(path)?.len());
    for entry in std::fs::read_dir(folder.join("sources"))? {
        println!("records {} bytes", entry?.metadata()?.len());
    }
    Ok(())
}

fn document(numbers: &mut Numbers, n: u64) -> Document {
    let id = format!("CVE-{}-{}", 2002 + n / 12_500, 1000 + n % 12_500);
    let words = 40 + numbers.below(60);
    let text: Vec<String> = (0..words)
        .map(|n| match n % 5 {
            0 => format!("{:x}", numbers.below(1 << 24)),
            _ => WORDS[numbers.below(16) as usize].to_owned(),
        })
        .collect();
    let mut records = vec![
        Record::Vulnerability(Vulnerability {
            id: id.clone(),
            title: Some(text.iter().take(8).cloned().collect::<Vec<_>>().join(" ")),
            description: Some(text.join(" ")),
            references: vec![format!("https://nvd.nist.gov/vuln/detail/{id}")],
            ..Vulnerability::default()
        }),
        Record::Epss(Epss {
            vulnerability: id.clone(),
            score: numbers.below(100_000) as f64 / 1e5,
            percentile: numbers.below(100_000) as f64 / 1e5,
        }),
    ];
    if n % 5 < 3 {
        let name = format!("package-{}", numbers.skewed(DISTRIBUTION_NAMES));
        let first = numbers.below(7) as usize;
        for of in &DISTRIBUTIONS[first..first + 6] {
            records.push(affected(numbers, of, &name, &id));
        }
    } else {
        let of = LANGUAGES[numbers.below(7) as usize];
        let name = format!("@scope-{}/{}", numbers.below(50), numbers.skewed(LANGUAGE_NAMES));
        records.push(affected(numbers, of, &name, &id));
    }
    Document { source: "osv".to_owned(), id, modified_at: None, records }
}

fn affected(numbers: &mut Numbers, of: &str, name: &str, id: &str) -> Record {
    let version = format!(
        "{}.{}.{}-{}",
        numbers.below(9),
        numbers.below(30),
        numbers.below(9),
        numbers.below(4)
    );
    let ecosystem = of.parse().unwrap_or(Ecosystem::rolling(wharfinger_package::Family::Npm));
    Record::Affected {
        ecosystem,
        name: name.to_owned(),
        affected: Affected {
            vulnerability: id.to_owned(),
            intervals: vec![Interval { introduced: None, end: VersionEnd::Fixed(version) }],
            status: FixStatus::Fixed,
            vendor_severity: Some("medium".to_owned()),
            ..Affected::default()
        },
    }
}

fn read(folder: &Path) -> Outcome<()> {
    println!("memory before {}", memory("VmRSS"));
    let store = Store::new(folder);
    let started = Instant::now();
    let database = store.current()?.ok_or("there is no database")?;
    println!("open    {:?}, memory {}", started.elapsed(), memory("VmRSS"));
    let mut numbers = Numbers(7);
    let mut names = BTreeSet::new();
    // 350 packages of the system, the kernel-like among them, and 150 of a language.
    names.insert((DISTRIBUTIONS[1], "package-0".to_owned()));
    while names.len() < 350 {
        names.insert((DISTRIBUTIONS[1], format!("package-{}", numbers.below(DISTRIBUTION_NAMES))));
    }
    while names.len() < 500 {
        let name = format!("@scope-{}/{}", numbers.below(50), numbers.skewed(LANGUAGE_NAMES));
        names.insert((LANGUAGES[0], name));
    }
    let names: Vec<(Ecosystem, String)> =
        names.into_iter().map(|(of, name)| Ok((of.parse()?, name))).collect::<Outcome<_>>()?;
    for round in 1..=5 {
        let started = Instant::now();
        let owned = names.iter().map(|(of, name)| Ok(database.affecting(of, name)?.len()));
        let owned: usize = owned.sum::<Outcome<usize>>()?;
        let owned_took = started.elapsed();
        let started = Instant::now();
        let viewed = names.iter().map(|(of, name)| viewed(&database, of, name));
        let viewed: usize = viewed.sum::<Outcome<usize>>()?;
        println!(
            "round {round}: 500 packages, {owned} statements: affecting {owned_took:?}, statements {:?} ({viewed} intervals)",
            started.elapsed()
        );
    }
    let took = told(&database, &mut numbers)?;
    println!("1,000 vulnerabilities {took:?}, memory {}", memory("VmRSS"));
    let started = Instant::now();
    let changed = database.changed_since(&database)?.len();
    println!("compare with itself {:?}, {changed} changed", started.elapsed());
    let started = Instant::now();
    database.verify()?;
    println!("verify  {:?}, memory {}", started.elapsed(), memory("VmHWM"));
    Ok(())
}

fn viewed(database: &Database, of: &Ecosystem, name: &str) -> Outcome<usize> {
    let Some(statements) = database.statements(of, name)? else { return Ok(0) };
    let mut intervals = 0;
    for statement in statements.iter()? {
        for interval in statement?.intervals() {
            intervals += usize::from(interval?.introduced.is_none());
        }
    }
    Ok(intervals)
}

fn told(database: &Database, numbers: &mut Numbers) -> Outcome<Duration> {
    let started = Instant::now();
    for _ in 0..1_000 {
        let n = numbers.below(ADVISORIES);
        let id = format!("CVE-{}-{}", 2002 + n / 12_500, 1000 + n % 12_500);
        if database.vulnerability(&id)?.is_empty() {
            return Err(format!("{id} is not there").into());
        }
    }
    Ok(started.elapsed())
}

/// A line of what Linux says of this process.
fn memory(key: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.unwrap_or("unknown").trim().to_owned()
}
