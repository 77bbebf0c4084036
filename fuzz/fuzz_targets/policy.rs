//! Policies: whatever parses can be evaluated.
#![no_main]

use wharfinger_iam_policy::{PolicyDocument, evaluate};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(policy) = PolicyDocument::parse(text) {
        let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app";
        let _ = evaluate([&policy], "ecr:PutImage", arn);
    }
});
