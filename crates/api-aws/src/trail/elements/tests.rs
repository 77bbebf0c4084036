//! Forms and answers as CloudTrail writes them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn form(text: &str) -> Value {
    let params = Params::parse(None, text.as_bytes()).unwrap();
    serde_json::from_str(of_form(&params).unwrap().get()).unwrap()
}

#[test]
fn a_form_is_an_object() {
    assert_eq!(
        form(
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:x&DurationSeconds=900&\
              Tags.member.2.Key=b&Tags.member.10.Key=c&Tags.member.1.Key=a&Tags.member.1.Value=1&\
              TransitiveTagKeys.member.1=a&TokenCode=123456&X-Amz-Signature=S&\
              WebIdentityToken=ey.S.S&Policy=%7B%22x%22%7D"
        ),
        json!({
            "roleArn": "arn:x", "durationSeconds": 900,
            "tags": [{ "key": "a", "value": "1" }, { "key": "b" }, { "key": "c" }],
            "transitiveTagKeys": ["a"], "tokenCode": HIDDEN, "webIdentityToken": HIDDEN,
            "policy": "{\"x\"}",
        })
    );
    assert_eq!(form("Action=X"), json!({}));
    let deep = format!("{}=1", vec!["A"; 1000].join("."));
    assert!(form(&deep).is_object());
}

#[test]
fn an_xml_answer_is_its_result() {
    let xml = r#"<?xml version="1.0"?><CreateAccessKeyResponse xmlns="x"><CreateAccessKeyResult>
<AccessKey><UserName>a&amp;b&#x41;</UserName><AccessKeyId>AKIAX</AccessKeyId><SecretAccessKey>S</SecretAccessKey>
<CreateDate>2018-07-11T22:17:44Z</CreateDate><Tags><member><Key>k</Key></member></Tags><Empty/></AccessKey>
</CreateAccessKeyResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></CreateAccessKeyResponse>"#;
    let elements = of_answer(true, xml.as_bytes()).unwrap();
    let elements: Value = serde_json::from_str(elements.get()).unwrap();
    assert_eq!(
        elements,
        json!({ "accessKey": { "userName": "a&bA", "accessKeyId": "AKIAX",
            "secretAccessKey": HIDDEN, "createDate": "Jul 11, 2018 10:17:44 PM",
            "tags": [{ "key": "k" }], "empty": null } })
    );
    let none = "<DeleteUserResponse><ResponseMetadata/></DeleteUserResponse>";
    assert!(of_answer(true, none.as_bytes()).is_none());
    assert!(of_answer(false, b"{}").is_none());
}

#[test]
fn resources_are_those_that_are_named() {
    let of = |parameters: Value| {
        let text = RawValue::from_string(parameters.to_string()).unwrap();
        let found = resources(Some(&text), "111122223333", "eu-west-1");
        found
            .into_iter()
            .map(|it| (it.arn.into_owned(), it.account_id.into_owned()))
            .collect::<Vec<_>>()
    };
    let arn = |account: &str, name: &str| {
        (format!("arn:aws:ecr:eu-west-1:{account}:repository/{name}"), account.to_owned())
    };
    assert_eq!(of(json!({ "repositoryName": "app" })), [arn("111122223333", "app")]);
    let foreign = json!({ "repositoryNames": ["a1", "b1"], "registryId": "999988887777" });
    assert_eq!(of(foreign), [arn("999988887777", "a1"), arn("999988887777", "b1")]);
    let role = "arn:aws:iam::999988887777:role/deploy";
    assert_eq!(of(json!({ "roleArn": role })), [(role.to_owned(), "999988887777".to_owned())]);
    assert!(of(json!({ "repositoryName": "Not A Name", "resourceArn": "x" })).is_empty());
    assert!(of(json!({ "repositoryName": 3 })).is_empty());
}

proptest! {
    #[test]
    fn no_form_and_no_answer_makes_it_panic(
        names in proptest::collection::vec("[A-Za-z0-9.]{0,30}", 0..8), text in "[<>/A-Za-z&; ]{0,80}",
    ) {
        let form: Vec<String> = names.iter().enumerate().map(|(i, it)| format!("{it}{i}=x")).collect();
        if let Ok(params) = Params::parse(None, form.join("&").as_bytes()) {
            prop_assert!(of_form(&params).is_some());
        }
        let _ = of_answer(true, format!("<XResult>{text}").as_bytes());
    }
}
