//! URLs of OpenID Connect providers.

use crate::Error;

/// How it begins.
pub(super) const SCHEME: &str = "https://";
const INVALID: &str = "Invalid Open ID Connect Provider URL";

/// The URL without `https://`: a host, a port if it likes, and a path. IAM takes no port; those who run
/// their own providers have them, so it is taken here.
///
/// # Errors
/// [`Error::Validation`] for what is no URL, [`Error::InvalidInput`] for one of another form.
pub(super) fn without_scheme(url: &str) -> Result<&str, Error> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if scheme.is_empty() || rest.is_empty() {
        return Err(Error::Validation(INVALID.into()));
    }
    let Some(rest) = url.strip_prefix(SCHEME) else {
        return Err(Error::InvalidInput(format!("{INVALID}. The URL must begin with {SCHEME}.")));
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if is_authority(authority) && path.bytes().all(is_in_path) {
        return Ok(rest);
    }
    Err(Error::InvalidInput(format!("{INVALID}.")))
}

fn is_authority(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    let is_in_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    !host.is_empty()
        && host.bytes().all(is_in_host)
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port != 0)
}

/// What a path may have (RFC 3986), without the asterisk that would mean something in policies.
fn is_in_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()+,;=:@%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_and_a_path() {
        for url in [
            "token.actions.githubusercontent.com",
            "oidc.eks.eu-west-1.amazonaws.com/id/ABC",
            "tenant.example.com/",
            "idp.local:8443/realms/ci",
        ] {
            assert_eq!(without_scheme(&format!("https://{url}")).unwrap(), url);
        }
        for bad in ["example.com", "", "https://", "://x"] {
            assert_eq!(without_scheme(bad).unwrap_err().code(), "ValidationError", "{bad}");
        }
        let http = without_scheme("http://example.com").unwrap_err();
        assert_eq!(
            http.to_string(),
            "Invalid Open ID Connect Provider URL. The URL must begin with https://."
        );
        for bad in ["a?b=1", "a#b", "u@a", "a:0", "a:+1", "a:99999", "a b", "a/*", "[::1]", "/x"] {
            let error = without_scheme(&format!("https://{bad}")).unwrap_err();
            assert_eq!(error.to_string(), "Invalid Open ID Connect Provider URL.", "{bad}");
        }
    }
}
