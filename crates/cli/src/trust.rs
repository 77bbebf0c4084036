//! `wharfinger trust`: makes this machine believe the local CA.

use std::path::{Path, PathBuf, absolute};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow, bail, ensure};
use clap::Args;
use serde::Serialize;
use wharfinger_core::{Region, RegistryId};
use wharfinger_server::trust::{self, Change, TrustError, TrustPlan};
use wharfinger_server::{Config, DataDir, Installation, TlsConfig};

use crate::arguments::{AddressArguments, DirectoryArguments};
use crate::{print, shell};

#[derive(Args, Debug)]
pub(crate) struct TrustArguments {
    #[command(flatten)]
    directory: DirectoryArguments,
    #[command(flatten)]
    address: AddressArguments,
    /// Where the file system of the machine begins; elsewhere than at / no program is run
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    /// Only say what would be written
    #[arg(long, conflicts_with = "remove")]
    print: bool,
    /// Take away what was written
    #[arg(long)]
    remove: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was done, and what is left to do.
#[derive(Serialize)]
struct Report {
    /// The certificate of the CA.
    ca: PathBuf,
    files: Vec<FileReport>,
    /// What takes in the CA of the system's store.
    command: Option<CommandReport>,
    /// For `/etc/hosts`.
    hosts: String,
    /// `AWS_CA_BUNDLE` for clients with a list of CAs of their own.
    aws_ca_bundle: String,
    /// The port of the server: AWS's own names are asked at 443.
    port: u16,
}

#[derive(Serialize)]
struct FileReport {
    path: PathBuf,
    reader: &'static str,
    /// `None` if nothing was to be changed.
    change: Option<Change>,
}

#[derive(Serialize)]
struct CommandReport {
    command: String,
    ran: bool,
}

/// Writes the files, or removes them, and says what else is to be done.
pub(crate) async fn run(arguments: TrustArguments) -> anyhow::Result<()> {
    let config = arguments.directory.resolve_with(arguments.address.settings())?;
    let directory = DataDir::new(&config.data_dir);
    let Some(pem) = directory.ca_certificate_pem()? else {
        bail!(
            "{} holds no local CA yet; `wharfinger serve --tls auto` makes it",
            config.data_dir.display()
        );
    };
    let ca = directory.ca_certificate();
    let is_of_use = arguments.remove || trust::is_certificate(&pem);
    ensure!(is_of_use, "{} is not one certificate in PEM", ca.display());
    let (config, registry) = server(&arguments, config, &directory).await?;
    let plan = TrustPlan::new(&arguments.root, &config, &registry, &pem);
    let mut files = Vec::with_capacity(plan.files.len());
    for file in &plan.files {
        let change = match (arguments.print, arguments.remove) {
            (true, _) => None,
            (false, true) => Some(file.remove().map_err(|error| explain(error, &config))?),
            (false, false) => Some(file.write().map_err(|error| explain(error, &config))?),
        };
        files.push(FileReport { path: file.path.clone(), reader: file.reader, change });
    }
    let command = plan.system.map(|system| system.command(arguments.remove));
    // In a folder that is not the machine's, its programs have nothing to do.
    let runs = !arguments.print && arguments.root == Path::new("/");
    if let Some(command) = command.filter(|_| runs) {
        execute(command)?;
    }
    let ca = absolute(directory.ca_certificate())?;
    let bundle = plan.system.map(|system| system.bundle().to_owned());
    let report = Report {
        files,
        command: command.map(|command| CommandReport { command: command.join(" "), ran: runs }),
        hosts: plan.hosts_line,
        aws_ca_bundle: bundle.unwrap_or_else(|| ca.display().to_string()),
        port: config.listen.port(),
        ca,
    };
    if arguments.json { print::json(&report) } else { tell(&report, &arguments) }
}

/// The configuration of the server, and which registry it holds: as it runs now, or as it would.
async fn server(
    arguments: &TrustArguments,
    config: Config,
    directory: &DataDir,
) -> anyhow::Result<(Config, RegistryId)> {
    let Some(running) = directory.running_server()? else {
        let account = Installation::existing(&config).await?.account();
        let registry = RegistryId::new(account, config.region.clone());
        return Ok((config, registry));
    };
    if running.ca_certificate.is_none() {
        print::error(&format!(
            "warning: the server at {} does not use the local CA; start it with --tls auto",
            running.endpoint_url
        ));
    }
    let given = arguments.address.region.clone();
    let region = given.map_or_else(|| running.region.parse::<Region>(), Ok);
    let region = region.map_err(|error| anyhow!("{error}"))?;
    let account = running.account.parse().map_err(|error| anyhow!("{error}"))?;
    let config = Config {
        listen: running.listen,
        registry_host: running.registry_host,
        tls: TlsConfig::Auto { names: running.tls_names },
        ..config
    };
    Ok((config, RegistryId::new(account, region)))
}

/// What to do about a file that cannot be written.
fn explain(error: TrustError, config: &Config) -> anyhow::Error {
    let denied = error.is_denied();
    let error = anyhow::Error::from(error);
    if !denied {
        return error;
    }
    let path = |path: PathBuf| shell::word(&path.display().to_string());
    let program = std::env::current_exe().map_or_else(|_| "wharfinger".into(), path);
    let data_dir = path(absolute(&config.data_dir).unwrap_or_else(|_| config.data_dir.clone()));
    error.context(format!("this needs root: sudo {program} trust --data-dir {data_dir}"))
}

fn execute(command: &[&str]) -> anyhow::Result<()> {
    let text = command.join(" ");
    let [program, arguments @ ..] = command else { return Ok(()) };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{text} cannot be run"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{text} failed: {}", said.trim());
    Ok(())
}

fn tell(report: &Report, arguments: &TrustArguments) -> anyhow::Result<()> {
    for FileReport { path, reader, change } in &report.files {
        let change = match change {
            None => "would write",
            Some(Change::Written) => "wrote",
            Some(Change::Unchanged) => "unchanged",
            Some(Change::Removed) => "removed",
            Some(Change::Absent) => "absent",
            Some(Change::Kept) => "kept (not ours)",
        };
        print::line(&format!("{change:11} {}  ({reader})", path.display()))?;
    }
    match &report.command {
        Some(CommandReport { command, ran: true }) => {
            print::line(&format!("ran         {command}"))?
        }
        Some(CommandReport { command, ran: false }) => {
            print::line(&format!("would run   {command}"))?;
        }
        None => print::error(&format!(
            "note: this system's store of CAs is not known; put {} into it yourself",
            report.ca.display()
        )),
    }
    let (hosts, bundle) = (&report.hosts, shell::word(&report.aws_ca_bundle));
    if arguments.remove {
        return Ok(print::line(&format!("\nTake this line out of /etc/hosts:\n\n{hosts}"))?);
    }
    print::line(&format!(
        "\nSo that AWS's own names lead to the server, this line belongs into /etc/hosts:\n\n\
         {hosts}\n\n\
         The aws CLI and boto3 bring a list of CAs of their own. In their shells:\n\n\
         export AWS_CA_BUNDLE={bundle}"
    ))?;
    if report.port != 443 {
        print::error(&format!(
            "note: those names are asked at port 443, and the server listens on port {}: start it \
             with --listen 127.0.0.1:443",
            report.port
        ));
    }
    Ok(())
}
