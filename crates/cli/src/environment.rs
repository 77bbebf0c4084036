//! The environment, read once. What has a name of ours is read by clap, beside its flag.

use std::path::PathBuf;

use wharfinger_server::Proxies;

/// Where data is kept when nobody says where: `$XDG_DATA_HOME/wharfinger`, or
/// `$HOME/.local/share/wharfinger` (XDG base directory specification).
pub(crate) fn data_dir_default() -> Option<PathBuf> {
    data_dir_of(variable("XDG_DATA_HOME"), variable("HOME"))
}

/// Where docker keeps its configuration: `$DOCKER_CONFIG`, or `$HOME/.docker`.
pub(crate) fn docker_config() -> Option<PathBuf> {
    let home = || Some(variable("HOME")?.join(".docker"));
    variable("DOCKER_CONFIG").filter(|path| !path.as_os_str().is_empty()).or_else(home)
}

/// The columns of the terminal, if the shell says so.
pub(crate) fn columns() -> Option<usize> {
    variable("COLUMNS")?.to_str()?.parse().ok().filter(|columns| *columns > 0)
}

/// The proxies that programs are to use, by the names that are known everywhere.
pub(crate) fn proxies() -> Proxies {
    let first = |names: [&str; 2]| {
        let found = names.into_iter().find_map(variable);
        found.and_then(|value| value.into_os_string().into_string().ok()).unwrap_or_default()
    };
    Proxies {
        https: first(["https_proxy", "HTTPS_PROXY"]),
        http: first(["http_proxy", "HTTP_PROXY"]),
        all: first(["all_proxy", "ALL_PROXY"]),
        except: first(["no_proxy", "NO_PROXY"]),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

fn data_dir_of(data_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    // The specification wants relative paths ignored.
    let data_home = data_home.filter(|path| path.is_absolute());
    let home = home.filter(|path| path.is_absolute());
    let folder = data_home.or_else(|| home.map(|home| home.join(".local/share")))?;
    Some(folder.join("wharfinger"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_kept_where_the_specification_says() {
        let of = |data: &str, home: &str| {
            let path = |text: &str| Some(text).filter(|text| !text.is_empty()).map(PathBuf::from);
            data_dir_of(path(data), path(home)).map(|path| path.display().to_string())
        };
        assert_eq!(of("/data", "/home/x").unwrap(), "/data/wharfinger");
        assert_eq!(of("", "/home/x").unwrap(), "/home/x/.local/share/wharfinger");
        assert_eq!(of("relative", "/home/x").unwrap(), "/home/x/.local/share/wharfinger");
        assert_eq!(of("", ""), None);
    }
}
