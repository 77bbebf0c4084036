//! Agreement with established scanners, ecosystem by ecosystem: what they found in real images and lock files, and what
//! we find with the same advisories. Each difference is listed in `disagreements.tsv` with its reason.

mod bookworm;
mod cargo_audit;
mod comparison;
mod database;
mod osv;
mod speed;
mod trivy;
mod trivy_fixture;
mod yaml;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus");

/// The lines of a file of the corpus that is packed with zstd.
fn lines(path: &str) -> Vec<serde_json::Value> {
    let packed = std::fs::File::open(format!("{CORPUS}/{path}")).expect(path);
    let text = zstd::decode_all(packed).expect(path);
    let text = String::from_utf8(text).expect(path);
    text.lines().map(|line| serde_json::from_str(line).expect(path)).collect()
}
