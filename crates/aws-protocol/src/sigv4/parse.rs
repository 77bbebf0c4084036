//! Reading a signature out of a request: the `Authorization` header or a presigned query.

use std::collections::BTreeMap;

use http::header::{AUTHORIZATION, DATE, HeaderMap, HeaderName};
use wharfinger_core::{Region, Secret, Timestamp};

use super::canonical::{SIGNATURE_PARAMETER, query_pairs};
use super::{
    ACCESS_KEY_ID_CHARS_MAX, ALGORITHM, AUTHORIZATION_BYTES_MAX, CredentialScope, InvalidSignature,
    PRESIGNED_SECONDS_MAX, RequestParts, SESSION_TOKEN_BYTES_MAX, SIGNED_HEADERS_MAX, SigV4Error,
    SignatureKind, SignedRequest, TARGET_BYTES_MAX, TERMINATOR,
};

const AMZ_DATE: &str = "x-amz-date";
const AMZ_SECURITY_TOKEN: &str = "x-amz-security-token";
const AMZ_PARAMETER_PREFIX: &str = "X-Amz-";
/// Characters of a service's signing name that are still read (ours).
const SERVICE_CHARS_MAX: usize = 64;

impl SignedRequest {
    /// Reads the signature of a request, wherever it is. A query that carries `X-Amz-Signature`
    /// wins: a presigned URL is good whatever `Authorization` a client adds to it.
    ///
    /// Nothing is proved yet: see [`SignedRequest::verify`].
    pub fn from_request(parts: &RequestParts<'_>) -> Result<Self, SigV4Error> {
        let parameters = amz_parameters(parts.query.unwrap_or_default())?;
        if parameters.contains_key(SIGNATURE_PARAMETER) {
            return presigned(&parameters);
        }
        if let Some(authorization) = only_value(parts.headers, &AUTHORIZATION)? {
            return from_header(authorization, parts.headers);
        }
        if parameters.contains_key("X-Amz-Algorithm") || parameters.contains_key("X-Amz-Credential")
        {
            return presigned(&parameters);
        }
        Err(SigV4Error::MissingAuthenticationToken)
    }
}

fn from_header(authorization: &str, headers: &HeaderMap) -> Result<SignedRequest, SigV4Error> {
    let fields = authorization_fields(authorization)?;
    let time = header_time(headers)?;
    let (Some(credential), Some(signature), Some(signed_headers), Some((date_header, timestamp))) =
        (fields.credential, fields.signature, fields.signed_headers, time)
    else {
        let mut missing = Vec::new();
        for (name, value) in [
            ("Credential", fields.credential),
            ("Signature", fields.signature),
            ("SignedHeaders", fields.signed_headers),
        ] {
            if value.is_none() {
                missing.push(format!("Authorization header requires '{name}' parameter."));
            }
        }
        if time.is_none() {
            missing.push(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                 header."
                    .to_owned(),
            );
        }
        return Err(SigV4Error::IncompleteSignature(missing.join(" ")));
    };
    let (access_key_id, scope) = parse_credential(credential)?;
    let token = only_value(headers, &HeaderName::from_static(AMZ_SECURITY_TOKEN))?;
    Ok(SignedRequest {
        access_key_id,
        scope,
        signed_headers: parse_signed_headers(signed_headers)?,
        signature: Secret::new(signature.to_owned()),
        session_token: session_token(token)?,
        timestamp,
        date_header: Some(date_header),
        kind: SignatureKind::Header,
    })
}

#[derive(Default)]
struct Fields<'a> {
    credential: Option<&'a str>,
    signature: Option<&'a str>,
    signed_headers: Option<&'a str>,
}

fn authorization_fields(authorization: &str) -> Result<Fields<'_>, SigV4Error> {
    if authorization.len() > AUTHORIZATION_BYTES_MAX {
        return Err(SigV4Error::incomplete("The Authorization header is too long."));
    }
    let authorization = authorization.trim();
    let (algorithm, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    if algorithm != ALGORITHM {
        return Err(unsupported_algorithm());
    }
    let mut fields = Fields::default();
    for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(|| {
            SigV4Error::incomplete(
                "Authorization header holds a part that is not a key=value pair (missing \
                 equal-sign).",
            )
        })?;
        let field = match name {
            "Credential" => &mut fields.credential,
            "Signature" => &mut fields.signature,
            "SignedHeaders" => &mut fields.signed_headers,
            _ => continue,
        };
        if field.replace(value).is_some() {
            return Err(SigV4Error::IncompleteSignature(format!(
                "Authorization header has more than one '{name}' parameter."
            )));
        }
    }
    Ok(fields)
}

/// The time of the request and the header that says it: `X-Amz-Date`, else `Date`.
fn header_time(headers: &HeaderMap) -> Result<Option<(&'static str, Timestamp)>, SigV4Error> {
    if let Some(text) = only_value(headers, &HeaderName::from_static(AMZ_DATE))? {
        return amz_time(text).map(|time| Some((AMZ_DATE, time)));
    }
    let Some(text) = only_value(headers, &DATE)? else { return Ok(None) };
    let time = amz_time(text).ok().or_else(|| Timestamp::parse_http_date(text));
    time.map(|time| Some(("date", time))).ok_or_else(bad_date)
}

fn amz_time(text: &str) -> Result<Timestamp, SigV4Error> {
    // Written back and compared, so that one time has one text: it is part of what was signed.
    Timestamp::parse_amz_date(text).filter(|time| time.amz_date() == text).ok_or_else(bad_date)
}

fn presigned(parameters: &BTreeMap<String, String>) -> Result<SignedRequest, SigV4Error> {
    let get = |name: &str| parameters.get(name).map(String::as_str);
    let (
        Some(algorithm),
        Some(credential),
        Some(signature),
        Some(signed_headers),
        Some(date),
        Some(expires),
    ) = (
        get("X-Amz-Algorithm"),
        get("X-Amz-Credential"),
        get(SIGNATURE_PARAMETER),
        get("X-Amz-SignedHeaders"),
        get("X-Amz-Date"),
        get("X-Amz-Expires"),
    )
    else {
        return Err(incomplete_query(parameters));
    };
    if algorithm != ALGORITHM {
        return Err(unsupported_algorithm());
    }
    let (access_key_id, scope) = parse_credential(credential)?;
    Ok(SignedRequest {
        access_key_id,
        scope,
        signed_headers: parse_signed_headers(signed_headers)?,
        signature: Secret::new(signature.to_owned()),
        session_token: session_token(get("X-Amz-Security-Token"))?,
        timestamp: amz_time(date)?,
        date_header: None,
        kind: SignatureKind::Presigned { expires_seconds: parse_expires(expires)? },
    })
}

fn incomplete_query(parameters: &BTreeMap<String, String>) -> SigV4Error {
    let mut text = String::new();
    for name in [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        SIGNATURE_PARAMETER,
        "X-Amz-SignedHeaders",
        "X-Amz-Date",
        "X-Amz-Expires",
    ] {
        if !parameters.contains_key(name) {
            text.push_str(&format!("AWS query-string parameters must include '{name}'. "));
        }
    }
    text.push_str("Re-examine the query-string parameters.");
    SigV4Error::IncompleteSignature(text)
}

/// The `X-Amz-…` parameters of a query. One that comes twice has no meaning that signer and
/// verifier are sure to share.
fn amz_parameters(query: &str) -> Result<BTreeMap<String, String>, SigV4Error> {
    if query.len() > TARGET_BYTES_MAX {
        return Err(SigV4Error::incomplete("The query string of the request is too long."));
    }
    let mut parameters = BTreeMap::new();
    for (name, value) in query_pairs(query) {
        if !name.starts_with(AMZ_PARAMETER_PREFIX.as_bytes()) {
            continue;
        }
        let (Ok(name), Ok(value)) =
            (String::from_utf8(name.into_owned()), String::from_utf8(value.into_owned()))
        else {
            return Err(SigV4Error::incomplete("A query-string parameter is not UTF-8."));
        };
        if parameters.insert(name, value).is_some() {
            return Err(SigV4Error::incomplete(
                "A query-string parameter of the signature appears more than once.",
            ));
        }
    }
    Ok(parameters)
}

fn parse_expires(text: &str) -> Result<u32, SigV4Error> {
    // Digits only: `parse` alone would also take a sign.
    let digits = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let seconds = digits.and_then(|digits| digits.parse::<u32>().ok());
    seconds.filter(|seconds| (1..=PRESIGNED_SECONDS_MAX).contains(seconds)).ok_or_else(|| {
        SigV4Error::IncompleteSignature(format!(
            "X-Amz-Expires must be a number of seconds from 1 to {PRESIGNED_SECONDS_MAX}."
        ))
    })
}

fn parse_credential(text: &str) -> Result<(String, CredentialScope), SigV4Error> {
    let elements: Vec<&str> = text.splitn(6, '/').collect();
    let [access_key_id, date, region, service, terminator] = elements[..] else {
        return Err(SigV4Error::incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term.",
        ));
    };
    if access_key_id.is_empty() || date.len() != 8 || !date.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SigV4Error::incomplete(
            "Credential must begin with an access key id and a date (yyyymmdd).",
        ));
    }
    let fits = |text: &str, chars_max| {
        text.len() <= chars_max && text.bytes().all(|b| b.is_ascii_graphic())
    };
    if !fits(access_key_id, ACCESS_KEY_ID_CHARS_MAX) {
        return Err(SigV4Error::UnrecognizedClient);
    }
    if terminator != TERMINATOR {
        return Err(InvalidSignature::WrongTerminator.into());
    }
    let region: Region = region.parse().map_err(|_| InvalidSignature::WrongRegion)?;
    if service.is_empty() || !fits(service, SERVICE_CHARS_MAX) {
        return Err(SigV4Error::incomplete("Credential must name a service."));
    }
    let scope = CredentialScope { date: date.to_owned(), region, service: service.to_owned() };
    Ok((access_key_id.to_owned(), scope))
}

/// Lower-case names in ascending order, each once: any other list has no canonical request.
fn parse_signed_headers(text: &str) -> Result<Vec<String>, SigV4Error> {
    let names: Vec<&str> = text.splitn(SIGNED_HEADERS_MAX + 1, ';').collect();
    let is_name = |name: &&str| {
        HeaderName::from_bytes(name.as_bytes()).is_ok_and(|header| header.as_str() == *name)
    };
    let sorted = names.windows(2).all(|pair| pair[0] < pair[1]);
    if names.len() > SIGNED_HEADERS_MAX || !names.iter().all(is_name) || !sorted {
        return Err(SigV4Error::incomplete(
            "SignedHeaders must be lower-case header names in ascending order, joined by ';'.",
        ));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn session_token(text: Option<&str>) -> Result<Option<Secret<String>>, SigV4Error> {
    match text {
        Some(text) if text.len() > SESSION_TOKEN_BYTES_MAX => Err(SigV4Error::UnrecognizedClient),
        text => Ok(text.map(|text| Secret::new(text.to_owned()))),
    }
}

/// The value of a header that may come once at the most.
fn only_value<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, SigV4Error> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(SigV4Error::IncompleteSignature(format!(
            "The '{name}' header appears more than once."
        )));
    }
    std::str::from_utf8(value.as_bytes())
        .map(Some)
        .map_err(|_| SigV4Error::IncompleteSignature(format!("The '{name}' header is not UTF-8.")))
}

fn unsupported_algorithm() -> SigV4Error {
    SigV4Error::IncompleteSignature(format!("Unsupported AWS 'algorithm': use '{ALGORITHM}'."))
}

fn bad_date() -> SigV4Error {
    SigV4Error::incomplete("Date must be in ISO-8601 'basic format'.")
}
