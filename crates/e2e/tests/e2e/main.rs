//! The registry as its users meet it: the program as a process, and clients as their makers ship
//! them. A test whose client is not installed is skipped, and says so; in CI it fails.

mod archive;
mod artifacts;
mod audit;
mod aws_names;
mod boto3;
mod buildah;
mod cdk;
mod conformance;
mod contract;
mod damage;
mod disk;
mod fsck;
mod iam;
mod kill;
mod lifecycle;
mod lifecycle_policy;
mod malformed;
mod memory;
mod permission;
mod podman;
mod pressure;
mod pressure_http2;
mod public;
mod sdk;
mod skopeo;
mod terraform;
mod terraform_iam;
mod tutorial;
mod two_planes;
mod undo;
mod uploads;
mod uploads_clients;
mod web_identity;
