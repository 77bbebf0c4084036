//! `wharfinger sbom`: the bill of materials of an image of an installation, beside a running server or
//! without one. It is made of the packages that are kept for scans, and can be attached to the image.

mod attachment;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::print;
use crate::reference::{Reference, RegistryArguments};
use crate::scan::Looked;
use crate::whole_file::write_whole;

use attachment::Attachment;

#[derive(Args, Debug)]
pub(crate) struct SbomArguments {
    /// The image, by its tag [default: latest] or its digest
    #[arg(value_name = "REPOSITORY[:TAG|@DIGEST]")]
    image: Reference,
    /// The form of the document
    #[arg(long, value_name = "FORMAT", default_value = "cyclonedx")]
    format: BillFormat,
    /// Attach it to the image, as an artifact that refers to it
    #[arg(long)]
    attach: bool,
    /// Write it to a file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Which image of an index [default: linux/amd64]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<String>,
    #[command(flatten)]
    registry: RegistryArguments,
}

/// A format of bills of materials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BillFormat {
    /// CycloneDX 1.6
    Cyclonedx,
    /// SPDX 2.3
    Spdx,
}

impl BillFormat {
    /// The media type of a document, which is the type of the artifact as well.
    fn media_type(self) -> &'static str {
        match self {
            Self::Cyclonedx => "application/vnd.cyclonedx+json",
            Self::Spdx => "application/spdx+json",
        }
    }

    /// What the file is called when a client fetches it.
    fn file_name(self) -> &'static str {
        match self {
            Self::Cyclonedx => "sbom.cdx.json",
            Self::Spdx => "sbom.spdx.json",
        }
    }
}

pub(crate) async fn run(arguments: SbomArguments) -> anyhow::Result<()> {
    let SbomArguments { image, format, attach, output, platform, registry } = arguments;
    let (registry, repository) = (registry.open().await?, image.repository.clone());
    let looked = Looked::stored(registry.clone(), image, platform).await?;
    let bill = looked.bill(format)?;
    if let Some(path) = &output {
        write_whole(path, |mut out| {
            out.write_all(&bill)?;
            Ok(out.flush()?)
        })?;
    }
    if attach {
        let subject = looked.digest()?;
        let attached = Attachment { registry: &registry, repository: &repository, format };
        let (digest, is_new) = attached.attach(subject, bill).await?;
        let how = if is_new { "is attached to" } else { "was attached before to" };
        print::line(&format!("{digest} {how} {repository}@{subject}."))?;
    } else if output.is_none() {
        print::line(String::from_utf8(bill)?.trim_end())?;
    }
    Ok(())
}
