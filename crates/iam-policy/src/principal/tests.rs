//! Tests of how policies name principals.

use super::*;

const ACCOUNT: &str = "111122223333";
const USER: &str = "arn:aws:iam::111122223333:user/dev";
const ROLE: &str = "arn:aws:iam::111122223333:role/team/ci";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/ci/build";

fn facts(arn: &str) -> PrincipalFacts {
    PrincipalFacts {
        account: ACCOUNT.parse().unwrap(),
        arn: arn.to_owned(),
        role_arn: (arn == SESSION).then(|| ROLE.to_owned()),
        service: None,
        federated: None,
    }
}

fn patterns(texts: &[&str]) -> Vec<PrincipalPattern> {
    texts.iter().map(|text| PrincipalPattern::parse("AWS", text).unwrap()).collect()
}

fn named(texts: &[&str], arn: &str) -> Option<Naming> {
    naming(&Selection::Of(patterns(texts)), Effect::Allow, &facts(arn))
}

#[test]
fn a_principal_is_named_itself_or_by_its_account() {
    use Naming::{Account, Itself, Shared};
    for (texts, arn, expected) in [
        (&["*"][..], USER, Some(Shared)),
        (&["*", USER], USER, Some(Itself)),
        (&[ACCOUNT], USER, Some(Account)),
        (&["arn:aws:iam::111122223333:root"], USER, Some(Account)),
        (&["arn:aws:iam::111122223333:root"], "arn:aws:iam::111122223333:root", Some(Account)),
        (&["arn:aws:iam::444455556666:root"], USER, None),
        (&["444455556666"], SESSION, None),
        (&[USER], USER, Some(Itself)),
        (&[USER], "arn:aws:iam::111122223333:user/Dev", None),
        (&[USER], SESSION, None),
        (&[ROLE], SESSION, Some(Shared)),
        (&[ROLE, SESSION], SESSION, Some(Itself)),
        (&[SESSION], SESSION, Some(Itself)),
        (&["arn:aws:sts::111122223333:assumed-role/ci/other"], SESSION, None),
        (&["arn:aws:iam::111122223333:role/ci"], SESSION, None),
        (&[ACCOUNT, USER], USER, Some(Itself)),
        (&[USER, ACCOUNT], SESSION, Some(Account)),
    ] {
        assert_eq!(named(texts, arn), expected, "{texts:?} {arn}");
    }
}

#[test]
fn services_are_named_and_others_never() {
    let mut service = facts("arn:aws:iam::111122223333:root");
    service.service = Some("lambda.amazonaws.com".to_owned());
    for (kind, text, expected) in [
        ("Service", "lambda.amazonaws.com", Some(Naming::Itself)),
        ("Service", "codebuild.amazonaws.com", None),
        ("Federated", "lambda.amazonaws.com", None),
        ("CanonicalUser", "lambda.amazonaws.com", None),
    ] {
        let selection = Selection::Of(vec![PrincipalPattern::parse(kind, text).unwrap()]);
        assert_eq!(naming(&selection, Effect::Allow, &service), expected, "{kind} {text}");
        assert_eq!(naming(&selection, Effect::Allow, &facts(USER)), None, "{kind} {text}");
    }
}

#[test]
fn the_opposite_spares_whom_it_names() {
    let root = "arn:aws:iam::111122223333:root";
    for (texts, effect, arn, spared) in [
        (&[USER, root][..], Effect::Deny, USER, true),
        (&[USER, root], Effect::Deny, root, true),
        // IAM's own example: the others of the account are denied.
        (&[USER, root], Effect::Deny, SESSION, false),
        (&[ROLE], Effect::Deny, SESSION, true),
        (&["*"], Effect::Deny, USER, true),
        (&["444455556666"], Effect::Deny, USER, false),
        // Nobody is allowed because only the account was named.
        (&[root], Effect::Allow, USER, true),
        (&["444455556666"], Effect::Allow, USER, false),
    ] {
        let selection = Selection::AllBut(patterns(texts));
        let expected = (!spared).then_some(Naming::Shared);
        assert_eq!(naming(&selection, effect, &facts(arn)), expected, "{texts:?} {arn}");
    }
}

#[test]
fn whom_a_provider_vouches_for_is_let_in_by_naming_the_provider() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/token.example.com";
    let mut vouched = facts("");
    vouched.federated = Some(provider.to_owned());
    let named = |kind: &str, text: &str, effect| {
        let selection = Selection::Of(vec![PrincipalPattern::parse(kind, text).unwrap()]);
        naming(&selection, effect, &vouched)
    };
    assert_eq!(named("Federated", provider, Effect::Allow), Some(Naming::Itself));
    assert_eq!(named("Federated", "accounts.google.com", Effect::Allow), None);
    assert_eq!(named("AWS", ACCOUNT, Effect::Allow), None);
    assert_eq!(named("AWS", "*", Effect::Allow), None);
    assert_eq!(named("AWS", "*", Effect::Deny), Some(Naming::Shared));
    let others = Selection::AllBut(patterns(&[USER]));
    assert_eq!(naming(&others, Effect::Allow, &vouched), None);
    assert_eq!(naming(&others, Effect::Deny, &vouched), Some(Naming::Shared));
}
