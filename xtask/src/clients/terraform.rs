//! OpenTofu and the AWS provider of Terraform, built from their modules: no binaries of theirs come
//! through a package registry.
//!
//! The provider is that of HashiCorp with all services but those of ECR and IAM left out of its two
//! generated lists, for with all two hundred and sixty it builds for an hour. What is left is not
//! changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::{folder, output};
use crate::workspace;

const TOFU: (&str, &str) = ("github.com/opentofu/opentofu", "v1.10.10");
/// Releases after the first have no tag that a module can have; this is one by its commit.
const PROVIDER: (&str, &str) =
    ("github.com/hashicorp/terraform-provider-aws", "v1.60.1-0.20260602190131-5f2286d6d836");
/// The provider's services that stay.
const SERVICES: [&str; 5] = ["ecr", "ecrpublic", "iam", "meta", "sts"];
/// The clients that stay: of these services, and of what their code shares with others.
const CLIENTS: [&str; 17] = [
    "ACMPCAClient",
    "AccountClient",
    "CognitoIDPClient",
    "DSClient",
    "EC2Client",
    "ECRClient",
    "ECRPublicClient",
    "IAMClient",
    "Inspector2Client",
    "OrganizationsClient",
    "OutpostsClient",
    "PinpointClient",
    "ResourceGroupsTaggingAPIClient",
    "S3Client",
    "SSOAdminClient",
    "STSClient",
    "WAFV2Client",
];
/// Where the provider lists its services, and the clients of all services.
const SERVICE_LIST: &str = "internal/provider/sdkv2/service_packages_gen.go";
const CLIENT_LIST: &str = "internal/conns/awsclient_gen.go";

/// What `go mod download -json` says of a module.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Module {
    dir: PathBuf,
}

/// Builds both, unless they are there.
///
/// # Errors
/// If there is no go, or it cannot build them.
pub fn install() -> Result<()> {
    let folder = folder().join("opentofu");
    let wanted = format!("{TOFU:?} {PROVIDER:?} {SERVICES:?}\n");
    let stamp = folder.join("built.txt");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    if output(Command::new("go").arg("version")).is_none() {
        bail!("missing: go 1.26 or later, to build OpenTofu and the AWS provider (https://go.dev)");
    }
    println!("Building OpenTofu and the AWS provider, once; it takes some minutes.");
    build(TOFU, "./cmd/tofu", &folder.join("tofu"), |_| Ok(()))?;
    build(PROVIDER, ".", &folder.join("terraform-provider-aws"), leave_services_out)?;
    fs::write(stamp, wanted).context("what was built could not be noted")
}

/// Builds a package of a module from a copy of its sources that `prepare` may change.
fn build(
    (path, version): (&str, &str),
    package: &str,
    program: &Path,
    prepare: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let sources = program.with_extension("src");
    fs::create_dir_all(sources.parent().unwrap_or(&sources))?;
    let module = format!("{path}@{version}");
    let printed = output(Command::new("go").args(["mod", "download", "-json", &module]));
    let printed = printed.with_context(|| format!("{module} cannot be had"))?;
    let Module { dir } = serde_json::from_str(&printed)?;
    if sources.exists() {
        fs::remove_dir_all(&sources)?;
    }
    // The cache of modules is not to be written to, and its files say so.
    workspace::run(Command::new("cp").args(["-R", "--no-preserve=mode"]).args([&dir, &sources]))?;
    prepare(&sources)?;
    let mut go = Command::new("go");
    go.args(["build", "-buildvcs=false", "-ldflags=-s -w", "-o"]).arg(program);
    go.arg(package).current_dir(&sources);
    let built = go.status().context("go could not be started")?;
    if !built.success() {
        bail!("{module} could not be built: {built}");
    }
    Ok(fs::remove_dir_all(&sources)?)
}

/// Takes the services out of the provider's lists, all but [`SERVICES`].
fn leave_services_out(sources: &Path) -> Result<()> {
    let list = sources.join(SERVICE_LIST);
    let text = fs::read_to_string(&list)?;
    fs::write(&list, keep_services(&text))?;
    let list = sources.join(CLIENT_LIST);
    let text = fs::read_to_string(&list)?;
    Ok(fs::write(&list, keep_clients(&text))?)
}

/// The list without the lines of other services: imports, and elements `service.ServicePackage(…)`.
fn keep_services(text: &str) -> String {
    let service = |line: &str| -> Option<String> {
        let line = line.trim();
        let import = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if let Some((_, service)) = import.and_then(|path| path.split_once("/internal/service/")) {
            return Some(service.to_owned());
        }
        line.strip_suffix(".ServicePackage(ctx),").map(str::to_owned)
    };
    let stays =
        |line: &&str| service(line).is_none_or(|service| SERVICES.contains(&service.as_str()));
    text.lines().filter(stays).flat_map(|line| [line, "\n"]).collect()
}

/// The methods that make clients, without all others, and the imports of what is left.
fn keep_clients(text: &str) -> String {
    let (head, methods) = text.split_once("\nfunc ").unwrap_or((text, ""));
    let stays = |method: &&str| {
        let name = method.split_once(") ").and_then(|(_, rest)| rest.split_once('('));
        name.is_some_and(|(name, _)| CLIENTS.contains(&name))
    };
    let methods: Vec<&str> = methods.split("\nfunc ").filter(stays).collect();
    let body: String = methods.iter().flat_map(|method| ["\nfunc ", method]).collect();
    let is_used = |line: &&str| match line.trim().trim_end_matches('"').rsplit_once("/service/") {
        Some((_, package)) => body.contains(&format!("*{package}.")),
        None => true,
    };
    let head: String = head.lines().filter(is_used).flat_map(|line| [line, "\n"]).collect();
    head + &body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_services_are_left_out_of_the_list() {
        let text = "import (\n\t\"context\"\n\t\"x/internal/service/ecr\"\n\
                    \t\"x/internal/service/ec2\"\n)\n\n\t\tec2.ServicePackage(ctx),\n\
                    \t\tecr.ServicePackage(ctx),\n";
        let kept = "import (\n\t\"context\"\n\t\"x/internal/service/ecr\"\n)\n\n\
                    \t\tecr.ServicePackage(ctx),\n";
        assert_eq!(keep_services(text), kept);
    }

    #[test]
    fn other_clients_are_left_out() {
        let method = |name: &str, package: &str| {
            format!(
                "\nfunc (c *AWSClient) {name}(ctx context.Context) *{package}.Client {{\n\t\
                 return must(client[*{package}.Client](ctx, c, names.{name}))\n}}\n"
            )
        };
        let import = |package: &str| format!("\t\"sdk/service/{package}\"\n");
        let imports = |packages: &[&str]| packages.iter().map(|it| import(it)).collect::<String>();
        let head = |packages: &[&str]| format!("import (\n{})\n", imports(packages));
        let (ecr, ec2) = (method("ECRClient", "ecr"), method("EC2Client", "ec2"));
        let sns = method("SNSClient", "sns");
        let text = format!("{}{ecr}{sns}{ec2}", head(&["ec2", "ecr", "sns"]));
        assert_eq!(keep_clients(&text), format!("{}{ecr}{ec2}", head(&["ec2", "ecr"])));
    }
}
