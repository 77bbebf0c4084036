//! The database of Trivy (<https://github.com/aquasecurity/trivy-db>): buckets of sources, in them
//! buckets of packages, in them advisories as JSON. Published as a tar with the one file `trivy.db`.

mod advisory;
mod bolt;
mod bucket;
mod detail;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};

use serde::de::DeserializeOwned;
use wharfinger_package::Ecosystem;

use super::csaf;
use super::fault::{Fault, Outlet};
use super::input::{Input, SOURCE_BYTES_MAX};
use super::tar;
use crate::Record;
use bolt::{Bolt, Bucket, Entry};
use bucket::Place;
use detail::Ratings;

/// The name of the source.
const NAME: &str = "trivy-db";

/// Reads the file. It is read by position, and so put into a nameless file first.
pub(super) fn read(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    Database::open(spool(input)?)?.give(outlet)
}

/// Reads the archive that it is published in.
pub(super) fn read_archive(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let (mut file, meter) = (None, input.meter());
    tar::each_file(input, &mut |name, content| {
        if name.ends_with("trivy.db") {
            let content = content.take(SOURCE_BYTES_MAX);
            file = Some(spool(Metered { inner: content, meter: meter.clone() })?);
        }
        Ok(())
    })?;
    let file = file.ok_or_else(|| Fault::malformed("", "the archive has no trivy.db"))?;
    Database::open(file)?.give(outlet)
}

/// A stream that is one record, however long: it goes to disk, not into memory.
struct Metered<R> {
    inner: R,
    meter: super::input::Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.meter.next_record();
        self.inner.read(buffer)
    }
}

fn spool(content: impl IntoSpool) -> Result<File, Fault> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut content.stream(), &mut file)?;
    Ok(file)
}

/// What can be put into a file whatever its length.
trait IntoSpool {
    fn stream(self) -> impl Read;
}

impl IntoSpool for Input<'_> {
    fn stream(self) -> impl Read {
        let meter = self.meter();
        Metered { inner: self, meter }
    }
}

impl<R: Read> IntoSpool for Metered<R> {
    fn stream(self) -> impl Read {
        self
    }
}

struct Database {
    bolt: Bolt,
    /// The releases of Red Hat by the numbers that stand for their CPEs.
    products: BTreeMap<u64, Ecosystem>,
}

impl Database {
    fn open(file: File) -> Result<Self, Fault> {
        Ok(Self { bolt: Bolt::open(file)?, products: BTreeMap::new() })
    }

    fn give(mut self, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let mut buckets = Vec::new();
        self.bolt.each(&self.bolt.root(), &mut |name, entry| {
            if let Entry::Bucket(bucket) = entry {
                buckets.push((String::from_utf8_lossy(name).into_owned(), bucket));
            }
            Ok(())
        })?;
        if let Some((_, cpes)) = buckets.iter().find(|(name, _)| name == "Red Hat CPE") {
            self.products = self.read_products(cpes)?;
        }
        let mut ratings = Ratings::default();
        if let Some((_, details)) = buckets.iter().find(|(name, _)| name == "vulnerability") {
            self.give_details(details, &mut ratings, outlet)?;
        }
        for (name, bucket) in &buckets {
            if let Some(place) = Place::of(name) {
                self.give_packages(name, &place, bucket, &ratings, outlet)?;
            }
        }
        Ok(())
    }

    fn read_products(&self, cpes: &Bucket) -> Result<BTreeMap<u64, Ecosystem>, Fault> {
        let mut products = BTreeMap::new();
        self.bolt.each(cpes, &mut |name, entry| match entry {
            Entry::Bucket(bucket) if name == b"cpe" => {
                self.bolt.each(&bucket, &mut |key, entry| {
                    let number = std::str::from_utf8(key).ok().and_then(|key| key.parse().ok());
                    if let (Some(number), Entry::Value(value)) = (number, entry) {
                        let cpe: String = json("Red Hat CPE", key, value)?;
                        products.extend(csaf::ecosystem(&cpe).map(|it| (number, it)));
                    }
                    Ok(())
                })
            }
            _ => Ok(()),
        })?;
        Ok(products)
    }

    fn give_details(
        &self,
        bucket: &Bucket,
        ratings: &mut Ratings,
        outlet: &mut Outlet<'_>,
    ) -> Result<(), Fault> {
        self.bolt.each(bucket, &mut |key, entry| {
            let Entry::Value(value) = entry else { return Ok(()) };
            let detail: detail::Detail = json("vulnerability", key, value)?;
            let id = String::from_utf8_lossy(key).into_owned();
            ratings.add(&id, &detail);
            detail.give(&id, outlet)
        })
    }

    fn give_packages(
        &self,
        name: &str,
        place: &Place,
        bucket: &Bucket,
        ratings: &Ratings,
        outlet: &mut Outlet<'_>,
    ) -> Result<(), Fault> {
        match &place.ecosystem {
            Some(ecosystem) => outlet.covers(NAME, ecosystem)?,
            None => self.products.values().try_for_each(|it| outlet.covers(NAME, it))?,
        }
        self.bolt.each(bucket, &mut |package, entry| {
            let Entry::Bucket(advisories) = entry else { return Ok(()) };
            let package = String::from_utf8_lossy(package).into_owned();
            outlet.document(NAME, format!("{name}/{package}"), None)?;
            self.bolt.each(&advisories, &mut |id, entry| {
                let Entry::Value(value) = entry else { return Ok(()) };
                let advisory: advisory::Advisory = json(name, id, value)?;
                let id = String::from_utf8_lossy(id).trim().to_owned();
                let said = advisory.said(&id, place, &package, &self.products);
                let said = said.map_err(|what| {
                    Fault::malformed(format!("bucket {name}, {package}, {id}"), what)
                })?;
                said.into_iter().try_for_each(|(ecosystem, mut affected)| {
                    if affected.severity.is_none() {
                        affected.severity = ratings.of(&affected.vulnerability, place);
                    }
                    let name = place.package(package.rsplit("::").next().unwrap_or(&package));
                    outlet.give(Record::Affected { ecosystem, name, affected })
                })
            })
        })
    }
}

fn json<T: DeserializeOwned>(bucket: &str, key: &[u8], value: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(value).map_err(|error| {
        let place = format!("bucket {bucket}, {}", String::from_utf8_lossy(key));
        Fault::from(error).within(&place)
    })
}
