//! Agreement with established scanners, ecosystem by ecosystem: what they found in real images and lock files, and what
//! we find with the same advisories. Each difference is listed in `disagreements.tsv` with its reason.

mod bookworm;
mod cargo_audit;
mod comparison;
mod database;
mod format;
mod osv;
mod rules;
mod speed;
mod trivy;
mod trivy_fixture;
mod trivy_language;
mod yaml;

use std::convert::Infallible;
use std::path::PathBuf;

use wharfinger_advisories::Document;
use wharfinger_advisories::osv::OsvReader;
use wharfinger_advisories::source::{self, Found};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus");

/// The lines of a file of the corpus that is packed with zstd.
fn lines(path: &str) -> Vec<serde_json::Value> {
    let packed = std::fs::File::open(format!("{CORPUS}/{path}")).expect(path);
    let text = zstd::decode_all(packed).expect(path);
    let text = String::from_utf8(text).expect(path);
    text.lines().map(|line| serde_json::from_str(line).expect(path)).collect()
}

/// The advisories of a file of the corpus, read as an import reads it.
fn documents(path: &str) -> Vec<Document> {
    let file = PathBuf::from(format!("{CORPUS}/{path}"));
    let mut documents = Vec::new();
    match source::find::<Infallible>(&file).expect(path) {
        Found::Bundle => panic!("{path} is a bundle"),
        Found::Osv => {
            let reader = OsvReader::open(&file).expect(path);
            documents.extend(reader.map(|document| document.expect(path)));
        }
        Found::Files(format, files) => {
            let mut take = |document| {
                documents.push(document);
                Ok::<_, Infallible>(())
            };
            for file in files {
                source::read(&file, format, &mut take).expect(path);
            }
        }
    }
    documents
}
