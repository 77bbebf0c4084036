//! The story of private ECR through the AWS SDK for Rust: each operation succeeds at least once,
//! and the errors that programs catch are met on the way. The environment names the server and the
//! root key, as `wharfinger env` exports them; the story has the server to itself. The last line
//! printed says as JSON which operations were driven.

mod driver;
mod images;
mod policies;
mod repositories;
mod rules;

/// A chapter ends at the first call that fails; it panics at the first answer that does not hold.
type Told = Result<(), Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Told {
    let (ecr, driven) = driver::client().await;
    repositories::registry(&ecr).await?;
    repositories::repositories(&ecr).await?;
    images::layers(&ecr).await?;
    images::images(&ecr).await?;
    images::storage_classes(&ecr).await?;
    policies::policies(&ecr).await?;
    policies::lifecycle(&ecr).await?;
    policies::scanning(&ecr).await?;
    rules::replication(&ecr).await?;
    rules::templates(&ecr).await?;
    rules::pull_through(&ecr).await?;
    rules::signing(&ecr).await?;
    repositories::deletions(&ecr).await?;
    println!("{}", serde_json::to_string(&driven.operations())?);
    Ok(())
}
