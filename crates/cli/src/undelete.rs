//! `wharfinger undelete`: what was deleted, listed and brought back. Beside a running server, or
//! without one.

use anyhow::{anyhow, bail};
use clap::Args;
use serde::Serialize;
use wharfinger_auth::actions::{CreateRepository, DescribeImages, DescribeRepositories, PutImage};
use wharfinger_auth::{Permit, RepositoriesResource};
use wharfinger_core::{Clock, Digest, RepositoryName, Tag};
use wharfinger_registry::{
    DeletedImage, DeletedRepository, Error, PageRequest, UndeletedImages, UndoError,
};
use wharfinger_server::SystemClock;

use crate::print;
use crate::reference::{OpenRegistry, Part, Reference, RegistryArguments, moment};

#[derive(Args, Debug)]
pub(crate) struct UndeleteArguments {
    /// What to bring back: a repository, an image by its digest, or a tag with its image
    #[arg(value_name = "REPOSITORY[:TAG|@DIGEST]", required_unless_present = "list")]
    what: Option<Reference>,
    /// List the deleted images of the repository, or the deleted repositories
    #[arg(long, conflicts_with_all = ["at", "move_tags", "new_name"])]
    list: bool,
    /// The tag as it was then, or the repository that was there then: a time such as
    /// 2026-03-01T12:30:00Z or 2026-03-01, or so long ago, such as 15m, 2h or 3d
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Take tags away from the images that they point to by now
    #[arg(long)]
    move_tags: bool,
    /// The repository's name from now on [default: the one it had]
    #[arg(long = "as", value_name = "NAME")]
    new_name: Option<RepositoryName>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub(crate) async fn run(arguments: UndeleteArguments) -> anyhow::Result<()> {
    let UndeleteArguments { what, list, at, move_tags, new_name, json, registry } = arguments;
    let at = moment(at.as_deref(), SystemClock.now())?;
    if let Some(Reference { part, .. }) = &what {
        check(part, list, at.is_some(), move_tags, new_name.is_some())?;
    }
    let registry = registry.open().await?;
    let Some(Reference { repository: name, part }) = what else {
        return show_repositories(&deleted_repositories(&registry).await?, json);
    };
    let permit = registry.permit::<PutImage>(&name);
    let done = match part {
        Part::Whole if list => {
            return show_images(&deleted_images(&registry, &name).await?, json);
        }
        Part::Whole => {
            let new_name = new_name.unwrap_or_else(|| name.clone());
            let permit = registry.permit::<CreateRepository>(&new_name);
            let done = registry.registry.undelete_repository(&permit, name, at).await;
            let back = done.map_err(explained)?;
            let back = ShownBack { repository: back.name.to_string() };
            return match json {
                true => print::json(&back),
                false => Ok(print::line(&format!("Repository {} is back.", back.repository))?),
            };
        }
        Part::Tag(tag) => registry.registry.undelete_tag(&permit, tag, at, move_tags).await,
        Part::Image(digest) => registry.registry.undelete_image(&permit, digest, move_tags).await,
    };
    show_undeleted(&done.map_err(explained)?, json)
}

/// Whether the flags mean anything for what is to be brought back.
fn check(part: &Part, list: bool, at: bool, move_tags: bool, new_name: bool) -> anyhow::Result<()> {
    match part {
        Part::Tag(_) | Part::Image(_) if list => bail!("--list is of a repository"),
        Part::Tag(_) | Part::Image(_) if new_name => bail!("--as is for a repository"),
        Part::Image(_) if at => bail!("--at is for a tag or a repository"),
        Part::Whole if move_tags => bail!("--move-tags is for a tag or an image"),
        _ => Ok(()),
    }
}

/// With what can be done about it.
fn explained(error: UndoError) -> anyhow::Error {
    let hint = match &error {
        UndoError::TagElsewhere { .. } => "add --move-tags to move it",
        UndoError::NameTaken(_) => "add --as NAME",
        UndoError::Registry(Error::RepositoryNotFound { .. }) => {
            "if it was deleted, bring the repository back first"
        }
        _ => return error.into(),
    };
    anyhow!("{error}; {hint}")
}

async fn deleted_repositories(registry: &OpenRegistry) -> anyhow::Result<Vec<DeletedRepository>> {
    let resource = RepositoriesResource { registry: registry.id.clone(), names: vec![] };
    let permit = Permit::<DescribeRepositories>::system(resource);
    let (mut all, mut page) = (Vec::new(), PageRequest::default());
    loop {
        let next = registry.registry.deleted_repositories(&permit, &page).await?;
        all.extend(next.items);
        page.next_token = next.next_token;
        if page.next_token.is_none() {
            return Ok(all);
        }
    }
}

async fn deleted_images(
    registry: &OpenRegistry,
    name: &RepositoryName,
) -> anyhow::Result<Vec<DeletedImage>> {
    let permit = registry.permit::<DescribeImages>(name);
    let (mut all, mut page) = (Vec::new(), PageRequest::default());
    loop {
        let next = registry.registry.deleted_images(&permit, &page).await;
        let next = next.map_err(|error| explained(error.into()))?;
        all.extend(next.items);
        page.next_token = next.next_token;
        if page.next_token.is_none() {
            return Ok(all);
        }
    }
}

fn show_repositories(repositories: &[DeletedRepository], json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(&repositories.iter().map(ShownRepository::of).collect::<Vec<_>>());
    }
    let rows: Vec<_> = repositories
        .iter()
        .map(ShownRepository::of)
        .map(|row| [row.repository, row.images.to_string(), row.deleted_at, row.kept_until, row.by])
        .collect();
    Ok(print::table(["REPOSITORY", "IMAGES", "DELETED", "KEPT UNTIL", "BY"], &rows)?)
}

fn show_images(images: &[DeletedImage], json: bool) -> anyhow::Result<()> {
    let shown = images.iter().map(ShownImage::of);
    if json {
        return print::json(&shown.collect::<Vec<_>>());
    }
    let rows: Vec<_> = shown
        .map(|row| [row.digest, row.tags.join(" "), row.deleted_at, row.kept_until, row.by])
        .collect();
    Ok(print::table(["DIGEST", "TAGS", "DELETED", "KEPT UNTIL", "BY"], &rows)?)
}

fn show_undeleted(done: &UndeletedImages, json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(&ShownUndeleted {
            images: done.images.iter().map(ShownImage::of).collect(),
            tags: done.tags.iter().map(ShownTag::of).collect(),
            tags_elsewhere: done.elsewhere.iter().map(ShownTag::of).collect(),
        });
    }
    for image in &done.images {
        print::line(&format!("Image {} is back.", image.digest))?;
    }
    for (tag, digest) in &done.tags {
        print::line(&format!("Tag {tag} points to {digest}."))?;
    }
    for (tag, digest) in &done.elsewhere {
        print::line(&format!(
            "Tag {tag} points to {digest} by now and stays there; --move-tags would have moved it."
        ))?;
    }
    if let Some(image) = done.images.iter().find(|image| image.cause.starts_with("lifecycle")) {
        print::line(&format!(
            "It was deleted by the {}, which may delete it again: change it first.",
            image.cause
        ))?;
    }
    Ok(())
}

/// A repository that is back, as `--json` shows it.
#[derive(Serialize)]
struct ShownBack {
    repository: String,
}

/// What is back, as `--json` shows it.
#[derive(Serialize)]
struct ShownUndeleted {
    images: Vec<ShownImage>,
    tags: Vec<ShownTag>,
    /// Tags that the images had, and where they point.
    tags_elsewhere: Vec<ShownTag>,
}

#[derive(Serialize)]
struct ShownTag {
    tag: String,
    digest: String,
}

#[derive(Serialize)]
struct ShownImage {
    digest: String,
    tags: Vec<String>,
    media_type: String,
    size_bytes: u64,
    status: &'static str,
    pushed_at: String,
    deleted_at: String,
    kept_until: String,
    by: String,
}

#[derive(Serialize)]
struct ShownRepository {
    repository: String,
    images: u64,
    created_at: String,
    deleted_at: String,
    kept_until: String,
    by: String,
}

impl ShownTag {
    fn of((tag, digest): &(Tag, Digest)) -> Self {
        Self { tag: tag.to_string(), digest: digest.to_string() }
    }
}

impl ShownImage {
    fn of(image: &DeletedImage) -> Self {
        Self {
            digest: image.digest.to_string(),
            tags: image.tags.iter().map(Tag::to_string).collect(),
            media_type: image.media_type.clone(),
            size_bytes: image.size_bytes,
            status: image.status.as_str(),
            pushed_at: image.pushed_at.to_string(),
            deleted_at: image.deleted_at.to_string(),
            kept_until: image.expires_at.to_string(),
            by: image.cause.clone(),
        }
    }
}

impl ShownRepository {
    fn of(repository: &DeletedRepository) -> Self {
        Self {
            repository: repository.name.to_string(),
            images: repository.image_count,
            created_at: repository.created_at.to_string(),
            deleted_at: repository.deleted_at.to_string(),
            kept_until: repository.expires_at.to_string(),
            by: repository.cause.clone(),
        }
    }
}
