//! Inputs of all ECR operations: the first byte picks one.
#![no_main]

use wharfinger_aws_model::ecr::{Operation, Request};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((first, body)) = data.split_first() {
        let operation = Operation::ALL[usize::from(*first) % Operation::ALL.len()];
        let _ = Request::decode(operation, body);
    }
});
