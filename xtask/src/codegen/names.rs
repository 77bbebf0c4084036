//! Wire names as Rust names.

/// `imageScanningConfiguration` → `image_scanning_configuration`, `SAMLAssertion` →
/// `saml_assertion`.
pub fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (i, &letter) in letters.iter().enumerate() {
        let after_small = i > 0 && !letters[i - 1].is_ascii_uppercase();
        let before_small = i > 0 && letters.get(i + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && (after_small || before_small) {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The same as the name of a struct's field.
pub fn field(name: &str) -> String {
    match snake(name) {
        keyword if KEYWORDS.contains(&keyword.as_str()) => format!("r#{keyword}"),
        name => name,
    }
}

/// `policyScopeType` → `PolicyScopeType`
pub fn type_name(name: &str) -> String {
    let (initial, rest) = name.split_at(name.len().min(1));
    initial.to_ascii_uppercase() + rest
}

/// `RepositoryName` → `REPOSITORY_NAME`
pub fn constant(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// A value of an enum: `KMS_DSSE` → `KmsDsse`, `docker-hub` → `DockerHub`, `ImageNotFound` as is.
pub fn variant(wire: &str) -> String {
    let words = wire.split(|c: char| !c.is_ascii_alphanumeric());
    words.map(|word| if is_mixed(word) { word.to_owned() } else { capitalised(word) }).collect()
}

/// What serde's `rename_all = "camelCase"` makes of a field.
pub fn serde_camel(field: &str) -> String {
    let mut words = field.trim_start_matches("r#").split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &capitalised(word))
}

fn capitalised(word: &str) -> String {
    let (initial, rest) = word.split_at(word.len().min(1));
    initial.to_ascii_uppercase() + &rest.to_ascii_lowercase()
}

fn is_mixed(word: &str) -> bool {
    let small = word.chars().any(|c| c.is_ascii_lowercase());
    small && word.starts_with(|c: char| c.is_ascii_uppercase())
}

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "box", "break", "const", "continue", "dyn", "else", "enum", "extern",
    "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "try",
    "type", "typeof", "union", "unsafe", "use", "virtual", "where", "while", "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_become_rust_names() {
        assert_eq!(snake("SAMLAssertion"), "saml_assertion");
        assert_eq!(snake("imageScanningConfiguration"), "image_scanning_configuration");
        assert_eq!(field("type"), "r#type");
        assert_eq!(constant("RCTAppliedForList"), "RCT_APPLIED_FOR_LIST");
        assert_eq!(constant("arnType"), "ARN_TYPE");
        assert_eq!(variant("KMS_DSSE"), "KmsDsse");
        assert_eq!(variant("AES256"), "Aes256");
        assert_eq!(variant("github-container-registry"), "GithubContainerRegistry");
        assert_eq!(variant("ImageTagDoesNotMatchDigest"), "ImageTagDoesNotMatchDigest");
        assert_eq!(serde_camel("scan_on_push"), "scanOnPush");
        assert_eq!(serde_camel("r#type"), "type");
    }
}
