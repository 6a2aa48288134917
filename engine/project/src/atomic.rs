//! Saving a file whole or not at all: temporary file in the same folder, sync, rename, sync of the folder.
//!
//! A reader, or a machine that loses power, finds the old content or the new one, never a part.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Saves `bytes` as `path`. On an error the old file, if there was one, is as it was.
///
/// The folder has to exist. An existing file keeps its permissions; a link is followed.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = follow(path);
    let permissions = fs::metadata(&path).ok().map(|old| old.permissions());
    replace(&path, bytes, permissions.or_else(ordinary))
}

/// As [`write()`], for content that holds a secret: on Unix nobody but the owner may read the file.
pub fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = follow(path);
    replace(&path, bytes, owner_only())
}

/// Makes `folder` and those above it, as `fs::create_dir_all`; those that are new are on Unix the owner's alone.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn follow(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn replace(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".saving-");
    if let Some(permissions) = permissions.clone() {
        builder.permissions(permissions);
    }
    let mut file = builder.tempfile_in(folder)?;
    // Creation is subject to the umask; an existing file's permissions are not.
    if let (Some(permissions), true) = (permissions, path.exists()) {
        file.as_file().set_permissions(permissions)?;
    }
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

#[cfg(unix)]
fn ordinary() -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o666))
}

#[cfg(not(unix))]
fn ordinary() -> Option<Permissions> {
    None
}

#[cfg(unix)]
fn owner_only() -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

#[cfg(not(unix))]
fn owner_only() -> Option<Permissions> {
    None
}

/// A rename is only on the disk once its folder is. Elsewhere than on Unix a folder can't be opened for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
