//! Folders with files of all kinds.

use tempfile::TempDir;

use super::*;

fn id(first: u8, last: u8) -> ObjectId {
    let mut bytes = [0; 16];
    (bytes[0], bytes[15]) = (first, last);
    ObjectId::from_bytes(bytes)
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for byte in 0..=u8::MAX {
        fs::create_dir(folder.path().join(hex::encode([byte]))).unwrap();
    }
    folder
}

fn write(folder: &TempDir, name: &str, bytes: usize) {
    fs::write(folder.path().join(name), vec![0; bytes]).unwrap();
}

fn object(folder: &TempDir, object_id: ObjectId, bytes: usize) {
    let name = object_id.to_string();
    write(folder, &format!("{}/{name}", &name[..2]), bytes);
}

/// All pages, each of which holds `limit` objects at the most.
fn pages(folder: &TempDir, limit: usize) -> Vec<ObjectPage> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = list(folder.path(), after, limit).unwrap();
        assert!(page.objects.len() <= limit);
        after = page.next_after;
        pages.push(page);
        if after.is_none() {
            return pages;
        }
    }
}

#[test]
fn every_page_size_finds_every_object_once_and_in_order() {
    let folder = folder();
    let mut all = Vec::new();
    for (number, first) in [0, 0, 0, 1, 9, 9, 254, 255, 255].into_iter().enumerate() {
        let (object_id, bytes) = (id(first, number as u8), number * 10);
        object(&folder, object_id, bytes);
        all.push((object_id, bytes as u64));
    }
    for limit in 1..=all.len() + 1 {
        let listed: Vec<_> = pages(&folder, limit).into_iter().flat_map(|it| it.objects).collect();
        assert_eq!(listed, all, "{limit}");
    }
    assert_eq!(list(folder.path(), Some(id(255, 255)), 5).unwrap(), ObjectPage::default());
}

#[test]
fn what_is_no_object_is_named_once_and_is_none() {
    let folder = folder();
    object(&folder, id(7, 1), 1);
    object(&folder, id(7, 2), 1);
    let name = id(7, 9).to_string();
    write(&folder, "readme", 1);
    write(&folder, &format!("08/{name}"), 1);
    write(&folder, &format!("07/{}", id(7, 0xab).to_string().to_uppercase()), 1);
    write(&folder, "07/.nfs0001", 1);
    fs::create_dir(folder.path().join(format!("07/{name}"))).unwrap();
    fs::create_dir(folder.path().join("zz")).unwrap();
    for limit in [1, 2, 100] {
        let pages = pages(&folder, limit);
        let listed: Vec<_> = pages.iter().flat_map(|page| &page.objects).collect();
        assert_eq!(listed, [&(id(7, 1), 1), &(id(7, 2), 1)]);
        let mut foreign: Vec<_> =
            pages.iter().flat_map(|page| page.foreign_files.clone()).collect();
        foreign.sort();
        let upper = format!("07/{}", id(7, 0xab).to_string().to_uppercase());
        let wrong = format!("08/{name}");
        let folder_like = format!("07/{name}");
        assert_eq!(foreign, ["07/.nfs0001", &folder_like, &upper, &wrong, "readme", "zz"]);
        assert_eq!(pages.iter().map(|page| page.foreign_file_count).sum::<u64>(), 6);
    }
}

#[test]
fn of_many_foreign_files_a_few_are_named() {
    let folder = folder();
    for number in 0..100 {
        write(&folder, &format!("00/{number}"), 1);
    }
    let page = list(folder.path(), None, 10).unwrap();
    assert_eq!(page.foreign_files.len(), FOREIGN_FILES_NAMED_MAX);
    assert_eq!(page.foreign_file_count, 100);
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error() {
    let folder = folder();
    fs::remove_dir(folder.path().join("80")).unwrap();
    assert!(list(folder.path(), None, 10).is_err());
}
