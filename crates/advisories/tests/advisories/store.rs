//! The folder: what imports make of it, and what is left when one fails.

use std::convert::Infallible;
use std::fs;
use std::sync::Arc;

use wharfinger_advisories::{Database, Document, ImportMode, Record, Store, StoreError};

use crate::fixture::{Folder, affected, at, document, ecosystem, options};

fn names(database: &Database, names: &[&str]) -> Vec<bool> {
    let said = |name: &&str| !database.affecting(&ecosystem("npm"), name).unwrap().is_empty();
    names.iter().map(said).collect()
}

fn ghsa(id: &str, name: &str) -> Document {
    document("ghsa", id, "npm", name, "2.0.0")
}

#[test]
fn an_empty_folder_has_no_database() {
    let folder = Folder::new();
    assert!(folder.store.current().unwrap().is_none());
    assert!(folder.store.by_id(&"0".repeat(64)).unwrap().is_none());
    assert!(folder.store.by_id("../../etc/passwd").unwrap().is_none());
    assert_eq!(folder.store.sources().unwrap(), []);
    assert_eq!(folder.store.documents("ghsa").unwrap().count(), 0);
}

#[test]
fn updates_merge_by_id_and_replacements_do_not() {
    let folder = Folder::new();
    folder.import(ImportMode::Update, vec![ghsa("GHSA-1", "a"), ghsa("GHSA-2", "b")]);
    folder.import(ImportMode::Update, vec![ghsa("GHSA-3", "c")]);
    assert_eq!(names(&folder.current(), &["a", "b", "c"]), [true, true, true]);
    folder.import(ImportMode::Replace, vec![document("go", "GO-1", "npm", "d", "1")]);
    assert_eq!(names(&folder.current(), &["a", "d"]), [true, true], "another source stays");
    let information = folder.import(ImportMode::Replace, vec![ghsa("GHSA-3", "c")]);
    assert_eq!(names(&folder.current(), &["a", "b", "c", "d"]), [false, false, true, true]);
    let sources: Vec<_> = information
        .sources
        .iter()
        .map(|it| (it.name.as_str(), it.record_count, it.license.as_str(), it.updated_at))
        .collect();
    assert_eq!(sources, [("ghsa", 2, "CC-BY-4.0", at(100)), ("go", 2, "CC-BY-4.0", at(100))]);
    assert_eq!(folder.store.sources().unwrap(), information.sources);
}

#[test]
fn withdrawn_documents_go_and_older_copies_do_not_bring_them_back() {
    let folder = Folder::new();
    folder.import(ImportMode::Update, vec![ghsa("GHSA-1", "a"), ghsa("GHSA-2", "b")]);
    let mut import = folder.store.begin().unwrap();
    let documents = [Document::withdrawn("ghsa", "GHSA-1", Some(at(200)))];
    let changes =
        import.import(&options(ImportMode::Update), documents.map(Ok::<_, Infallible>)).unwrap();
    assert_eq!((changes[0].removed, changes[0].unchanged, changes[0].added), (1, 1, 0));
    let older = [ghsa("GHSA-1", "a")].map(Ok::<_, Infallible>);
    let changes = import.import(&options(ImportMode::Update), older).unwrap();
    assert_eq!((changes[0].removed, changes[0].unchanged, changes[0].added), (0, 1, 0));
    import.commit(at(300)).unwrap();
    assert_eq!(names(&folder.current(), &["a", "b"]), [false, true]);
    let newer = Document { modified_at: Some(at(201)), ..ghsa("GHSA-1", "a") };
    folder.import(ImportMode::Update, vec![newer]);
    assert_eq!(names(&folder.current(), &["a", "b"]), [true, true]);
}

#[test]
fn of_one_id_the_newest_of_an_import_counts() {
    let folder = Folder::new();
    let newer = Document { modified_at: Some(at(201)), ..ghsa("GHSA-1", "new") };
    folder.import(ImportMode::Replace, vec![ghsa("GHSA-1", "old"), newer, ghsa("GHSA-1", "older")]);
    assert_eq!(names(&folder.current(), &["old", "new", "older"]), [false, true, false]);
}

#[test]
fn sources_without_documents_give_records() {
    let folder = Folder::new();
    for count in [600, 1] {
        let mut import = folder.store.begin().unwrap();
        let mut documents = import.documents();
        for n in 0..count {
            let record = affected("debian", &format!("CVE-{n}"), "debian:12", "x", "2");
            documents.push_record("debian", record).unwrap();
        }
        let changes = import.take(&options(ImportMode::Replace), documents).unwrap();
        assert_eq!(changes.len(), 1);
        import.commit(at(1)).unwrap();
        let said = folder.current().affecting(&ecosystem("debian:12"), "x").unwrap();
        assert_eq!(said.len(), count);
    }
}

#[test]
fn one_import_at_a_time() {
    let folder = Folder::new();
    let import = folder.store.begin().unwrap();
    let other = Store::new(&folder.folder.path().join("advisories"));
    let error = other.begin().unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)));
    assert!(error.to_string().contains("another import"), "{error}");
    drop(import);
    other.begin().unwrap();
}

#[test]
fn a_failed_import_changes_nothing() {
    let folder = Folder::new();
    let first = folder.import(ImportMode::Replace, vec![ghsa("GHSA-1", "a")]);
    let failing = [Ok(ghsa("GHSA-2", "b")), Err("the download ended early")];
    let error = folder.store.import(&options(ImportMode::Replace), failing).unwrap_err();
    assert_eq!(error.to_string(), "the advisories could not be read: the download ended early");
    let nameless = Document { source: "../x".into(), ..ghsa("GHSA-2", "b") };
    let refused =
        folder.store.import(&options(ImportMode::Replace), [Ok::<_, Infallible>(nameless)]);
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    // An import that ends before it is committed, as if the machine had.
    let mut import = folder.store.begin().unwrap();
    let documents = [ghsa("GHSA-2", "b")].map(Ok::<_, Infallible>);
    import.import(&options(ImportMode::Replace), documents).unwrap();
    drop(import);
    assert_eq!(folder.current().information().id, first.id);
    assert_eq!(names(&folder.current(), &["a", "b"]), [true, false]);
    let rebuilt = folder.store.begin().unwrap().commit(at(7)).unwrap();
    assert_eq!(rebuilt.sources, first.sources);
    assert_eq!(names(&folder.current(), &["a", "b"]), [true, false]);
    let files = fs::read_dir(folder.folder.path().join("advisories/sources")).unwrap().count();
    assert_eq!(files, 1, "what was written for nothing is gone");
}

#[test]
fn what_a_crash_leaves_is_swept_by_the_next_import() {
    let folder = Folder::new();
    folder.import(ImportMode::Replace, vec![ghsa("GHSA-1", "a")]);
    let root = folder.folder.path().join("advisories");
    let left = [
        "current.new",
        "databases/half.db",
        "sources/ghsa-1.documents",
        "work/database",
        "work/sorted",
    ];
    for name in left {
        fs::write(root.join(name), "half of it").unwrap();
    }
    assert_eq!(names(&folder.current(), &["a"]), [true]);
    folder.import(ImportMode::Update, vec![ghsa("GHSA-2", "b")]);
    assert_eq!(names(&folder.current(), &["a", "b"]), [true, true]);
    for name in left.iter().filter(|name| !name.starts_with("sources/")) {
        assert!(!root.join(name).exists(), "{name}");
    }
    assert_eq!(fs::read_dir(root.join("sources")).unwrap().count(), 1);
}

#[test]
fn the_database_before_is_kept_and_older_ones_are_not() {
    let folder = Folder::new();
    let ids: Vec<String> = (0..4)
        .map(|n| folder.import(ImportMode::Update, vec![ghsa(&format!("GHSA-{n}"), "a")]).id)
        .collect();
    let there: Vec<bool> = ids.iter().map(|id| folder.store.by_id(id).unwrap().is_some()).collect();
    assert_eq!(there, [false, false, true, true]);
    let current = folder.store.by_id(&ids[3]).unwrap().unwrap();
    assert_eq!(current.information().id, ids[3]);
}

#[test]
fn the_current_database_is_opened_once_and_again_after_an_import_of_anybody() {
    let folder = Folder::new();
    folder.import(ImportMode::Update, vec![ghsa("GHSA-1", "a")]);
    let first = folder.current();
    assert!(Arc::ptr_eq(&first, &folder.current()));
    assert!(Arc::ptr_eq(&first, &folder.store.by_id(&first.information().id).unwrap().unwrap()));
    let other = Store::new(&folder.folder.path().join("advisories"));
    let documents = [ghsa("GHSA-2", "b")].map(Ok::<_, Infallible>);
    other.import(&options(ImportMode::Update), documents).unwrap();
    let second = folder.current();
    assert_eq!(names(&second, &["a", "b"]), [true, true]);
    assert_eq!(second.changed_since(&first).unwrap(), [(ecosystem("npm"), "b".to_owned())]);
    for n in 3..6 {
        let documents = [ghsa(&format!("GHSA-{n}"), "c")].map(Ok::<_, Infallible>);
        other.import(&options(ImportMode::Update), documents).unwrap();
    }
    // The file of the first is gone, but it is open.
    assert_eq!(names(&first, &["a", "b"]), [true, false]);
}

#[test]
fn sources_can_be_forgotten_and_their_documents_listed() {
    let folder = Folder::new();
    let covers = Document {
        source: "go".into(),
        id: "covers:go".into(),
        modified_at: None,
        records: vec![Record::Covers(ecosystem("go"))],
    };
    folder.import(ImportMode::Update, vec![ghsa("GHSA-2", "b"), covers, ghsa("GHSA-1", "a")]);
    let listed: Vec<Document> =
        folder.store.documents("ghsa").unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(listed, [ghsa("GHSA-1", "a"), ghsa("GHSA-2", "b")]);
    assert!(folder.current().covers(&ecosystem("go")));
    let mut import = folder.store.begin().unwrap();
    assert!(import.remove_source("go"));
    assert!(!import.remove_source("go"));
    import.commit(at(5)).unwrap();
    assert!(!folder.current().covers(&ecosystem("go")));
    assert_eq!(names(&folder.current(), &["a", "b"]), [true, true]);
}

#[test]
fn a_damaged_folder_is_told() {
    let folder = Folder::new();
    folder.import(ImportMode::Update, vec![ghsa("GHSA-1", "a")]);
    let root = folder.folder.path().join("advisories");
    let sources = fs::read_dir(root.join("sources")).unwrap();
    let file = sources.map(|it| it.unwrap().path()).next().unwrap();
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 6]).unwrap();
    assert!(folder.store.begin().unwrap().commit(at(1)).is_err());
    assert_eq!(names(&folder.current(), &["a"]), [true]);
    fs::write(root.join("current"), "{}").unwrap();
    let error = folder.store.current().unwrap_err();
    assert!(error.to_string().contains("is damaged"), "{error}");
}
