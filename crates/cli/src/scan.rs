//! `wharfinger scan`: which vulnerabilities an image has. Of an installation, beside a running server or
//! without one, or of an archive. `docs/scan-report.md` says what it prints and how it ends.

mod archive;
mod image;
mod looked;
mod stored;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use wharfinger_advisories::Store;
use wharfinger_core::Clock;
use wharfinger_core::limits::VEX_DOCUMENT_BYTES_MAX;
use wharfinger_package::Severity;
use wharfinger_scanner::report::{Report, ReportedImage};
use wharfinger_scanner::suppression::{Document, Statements};
use wharfinger_scanner::{ScanMode, unsupported};
use wharfinger_server::SystemClock;

use crate::reference::{Reference, RegistryArguments};
use crate::sbom::BillFormat;
use crate::{environment, print};

pub(crate) use archive::read_bounded;
pub(crate) use looked::Looked;

/// How it ends when findings reach what `--fail-on` names: neither an error nor wrong usage.
const FINDINGS: u8 = 3;
/// The columns of a terminal that does not say how many it has.
const COLUMNS: usize = 120;

#[derive(Args, Debug)]
pub(crate) struct ScanArguments {
    /// The image, by its tag [default: latest] or its digest
    #[arg(value_name = "REPOSITORY[:TAG|@DIGEST]", required_unless_present = "archive")]
    image: Option<Reference>,
    /// An image that was saved: an OCI layout (a folder, or its tar archive), or what docker save wrote
    #[arg(long, value_name = "FILE|DIR", conflicts_with = "image")]
    archive: Option<PathBuf>,
    /// Which image of an index [default: linux/amd64]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<String>,
    /// The folder of the advisories [default: advisories in the data directory]
    #[arg(long, value_name = "DIR")]
    advisories: Option<PathBuf>,
    /// The form of what is printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Exit with 3 if anything as bad as this, or worse, was found and is not suppressed
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,
    /// Leave out what there is no fixed version of
    #[arg(long)]
    ignore_unfixed: bool,
    /// An OpenVEX document whose statements are honoured; may be repeated
    #[arg(long, value_name = "FILE")]
    vex: Vec<PathBuf>,
    /// Look at the packages of the operating system alone, as basic scanning does
    #[arg(long)]
    system_packages_only: bool,
    #[command(flatten)]
    registry: RegistryArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// docs/scan-report.md
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
    /// CycloneDX 1.6, with vulnerabilities
    Cyclonedx,
    /// SPDX 2.3: the packages alone, for which no advisories are needed
    Spdx,
}

pub(crate) async fn run(mut arguments: ScanArguments) -> anyhow::Result<ExitCode> {
    let statements = statements(&arguments.vex)?;
    let advisories = match arguments.advisories.take() {
        Some(folder) => folder,
        None => arguments.registry.data_dir()?.join("advisories"),
    };
    let ScanArguments { image, archive, platform, format, fail_on, registry, .. } = arguments;
    let looked = match (archive, image) {
        (Some(path), _) => Looked::saved(path, platform).await?,
        (None, Some(reference)) => {
            Looked::stored(registry.open().await?, reference, platform).await?
        }
        (None, None) => bail!("name an image, or an --archive"),
    };
    if format == Format::Spdx {
        return show_bill(&looked).map(|()| ExitCode::SUCCESS);
    }
    let mode = match arguments.system_packages_only {
        true => ScanMode::Basic,
        false => ScanMode::Enhanced,
    };
    let database = Store::new(&advisories).current()?;
    if let Some(why) = unsupported(&looked.inventory, mode, database.as_deref()) {
        return Err(anyhow!(why));
    }
    let database = database.ok_or_else(|| anyhow!("no advisories were imported"))?;
    let reported = ReportedImage {
        name: looked.name.clone(),
        digest: looked.image.digest,
        platform: looked.image.platform.clone(),
    };
    let (image, inventory) = ((reported, &looked.product), &looked.inventory);
    let now = SystemClock.now();
    let mut report = Report::of(image, inventory, mode, &database, &statements, now)?;
    if arguments.ignore_unfixed {
        report.ignore_unfixed();
    }
    show(&report, format, &looked)?;
    let failed = fail_on.is_some_and(|severity| report.reaches(severity));
    Ok(if failed { ExitCode::from(FINDINGS) } else { ExitCode::SUCCESS })
}

fn statements(files: &[PathBuf]) -> anyhow::Result<Statements> {
    let mut statements = Statements::default();
    for path in files {
        statements.add(document(path).with_context(|| path.display().to_string())?, true);
    }
    Ok(statements)
}

fn document(path: &Path) -> anyhow::Result<Document> {
    let bytes = read_bounded(path, VEX_DOCUMENT_BYTES_MAX)?;
    Ok(Document::parse(&bytes)?)
}

fn show_bill(looked: &Looked) -> anyhow::Result<()> {
    let bill = String::from_utf8(looked.bill(BillFormat::Spdx)?)?;
    Ok(print::line(bill.trim_end())?)
}

fn show(report: &Report, format: Format, looked: &Looked) -> anyhow::Result<()> {
    match format {
        Format::Table => {
            let terminal = std::io::stdout().is_terminal();
            let width = terminal.then(|| environment::columns().unwrap_or(COLUMNS));
            Ok(print::line(report.table(width).trim_end())?)
        }
        Format::Json => Ok(print::line(&report.json()?)?),
        Format::Sarif => print::json(&report.sarif(wharfinger_server::VERSION)),
        Format::Spdx => show_bill(looked),
        Format::Cyclonedx => {
            let mut bill = serde_json::from_slice(&looked.bill(BillFormat::Cyclonedx)?)?;
            report.add_to_cyclonedx(&mut bill);
            print::json(&bill)
        }
    }
}
