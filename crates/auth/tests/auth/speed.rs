//! What a decision costs. Measured on demand: `cargo test --release -p wharfinger-auth --test auth --
//! --ignored --nocapture decisions`.

use std::hint::black_box;
use std::time::Duration;

use wharfinger_auth::actions;

use crate::fixture;

const DECISIONS: usize = 20_000;
/// What one may cost at the median.
const MEDIAN_MAX: Duration = Duration::from_micros(20);

/// Ten policies as people write them: some conditions, some variables, one that allows.
fn policy(number: usize) -> &'static str {
    let action = if number == 7 { "ecr:BatchGet*" } else { "ecr:Describe*" };
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Effect":"Allow","Action":["s3:Get*","s3:List*","logs:PutLogEvents"],"Resource":"*"}},
        {{"Effect":"Deny","Action":"ecr:Delete*","Resource":"arn:aws:ecr:*:*:repository/prod-{number}/*"}},
        {{"Effect":"Deny","Action":"*","Resource":"*",
          "Condition":{{"NotIpAddress":{{"aws:SourceIp":["192.0.2.0/24","198.51.100.0/24"]}}}}}},
        {{"Effect":"Allow","Action":["{action}","ecr:ListImages"],
          "Resource":["arn:aws:ecr:*:*:repository/${{aws:username}}/*",
            "arn:aws:ecr:*:*:repository/team/*"],
          "Condition":{{"StringEquals":{{"aws:RequestedRegion":["eu-west-1","eu-central-1"]}}}}}}]}}"#
    );
    Box::leak(text.into_boxed_str())
}

#[tokio::test]
#[ignore = "a measurement, of optimized code"]
#[expect(clippy::print_stderr, reason = "what is measured is shown")]
async fn decisions_are_quick_with_ten_attached_policies() {
    let fixture = fixture().await;
    let tokens = super::holding::TOKENS;
    let key = fixture.user("ann", tokens).await;
    let id = fixture.user_id("ann").await;
    for number in 0..10 {
        let name: &'static str = Box::leak(format!("P{number}").into_boxed_str());
        fixture.managed(name, policy(number)).await;
        fixture.attach(&id, fixture.policy_arn(name)).await;
    }
    let caller = fixture.sign_in(&key).await.unwrap();
    let mut times = Vec::with_capacity(DECISIONS);
    for _ in 0..DECISIONS {
        let resource = fixture.repository("team/app");
        let begun = tokio::time::Instant::now();
        black_box(caller.authorize::<actions::BatchGetImage>(resource).await.unwrap());
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let (median, p99) = (times[DECISIONS / 2], times[DECISIONS * 99 / 100]);
    eprintln!("a decision by ten attached policies: median {median:?}, p99 {p99:?}");
    assert!(median <= MEDIAN_MAX, "{median:?}");
}
