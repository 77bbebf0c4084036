//! Names, paths and tags as IAM has them, beyond what its model says.

use crate::Error;

/// Characters of a path, slashes included.
pub const PATH_CHARS_MAX: usize = 512;

/// The path that is given, or `/`; it must begin and end with a slash.
///
/// # Errors
/// [`Error::Validation`].
pub fn path(given: Option<&str>) -> Result<String, Error> {
    let path = given.unwrap_or("/");
    let fits = path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= PATH_CHARS_MAX
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return Ok(path.to_owned());
    }
    Err(Error::Validation(
        "The specified value for path is invalid. It must begin and end with / and contain only \
         alphanumeric characters and/or / characters."
            .into(),
    ))
}

/// Holds a name against IAM's rule: letters, digits and `_+=,.@-`. The edges have held it against the
/// model before; the command line has not.
///
/// # Errors
/// [`Error::Validation`].
pub fn check(what: &str, name: &str, chars_max: usize) -> Result<(), Error> {
    let fits = (1..=chars_max).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
    if fits {
        return Ok(());
    }
    Err(Error::Validation(format!(
        "The specified value for {what} is invalid. It must be 1 to {chars_max} characters of \
         letters, digits and _+=,.@-"
    )))
}

/// Whether a path is the prefix or begins with it, as `PathPrefix` asks.
pub(crate) fn is_under(path: &str, prefix: Option<&str>) -> bool {
    prefix.is_none_or(|prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_and_ends_with_a_slash() {
        assert_eq!(path(None).unwrap(), "/");
        assert_eq!(path(Some("/division/team/")).unwrap(), "/division/team/");
        for bad in ["", "team", "/team", "team/", "/a b/", &format!("/{}/", "x".repeat(511))] {
            assert!(path(Some(bad)).is_err(), "{bad}");
        }
        check("userName", "a_+=,.@-Z9", 64).unwrap();
        for bad in ["", "with space", "slash/ed", "\u{e9}", &"x".repeat(65)] {
            assert!(check("userName", bad, 64).is_err(), "{bad}");
        }
    }
}
