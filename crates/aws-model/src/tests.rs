//! Tests of the generated services as wholes; each hand-written module has its own beside it.

mod ecr_inputs;
mod ecr_outputs;
mod every_member;
mod never_panics;
mod operations;
mod sts_inputs;
mod sts_outputs;

use serde_json::Value;

use crate::{DecodeError, ecr};

/// The facts that a service was generated from.
fn facts(service: &str) -> Value {
    let text = match service {
        "ecr" => include_str!("../../../models/ecr.json"),
        "ecr_public" => include_str!("../../../models/ecr_public.json"),
        _ => include_str!("../../../models/sts.json"),
    };
    serde_json::from_str(text).unwrap()
}

fn decode(operation: ecr::Operation, body: &Value) -> Result<ecr::Request, DecodeError> {
    ecr::Request::decode(operation, body.to_string().as_bytes())
}

/// The whole text of the error in which decoding ends.
fn refusal(operation: ecr::Operation, body: &Value) -> String {
    decode(operation, body).unwrap_err().to_string()
}
