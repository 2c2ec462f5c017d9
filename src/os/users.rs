//! Users and groups by name or number (getpwnam_r(3), getgrouplist(3)). Nothing falls back to root: what is not
//! known is an error. May be slow (name services), so spawner threads alone call it.

use std::ffi::{CStr, CString};
use std::io;

/// Largest buffer for one entry: groups with very many members need much, a broken name service all there is.
const MAX_BUFFER: usize = 16 << 20;

/// Why a run cannot have the user or group that was configured.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// No such user.
    #[error("there is no user {0:?}")]
    UnknownUser(String),
    /// No such group.
    #[error("there is no group {0:?}")]
    UnknownGroup(String),
    /// We are not root.
    #[error("only root can run a process as user {user}, group {group}; this is user {own}")]
    NotRoot {
        /// Wanted.
        user: u32,
        /// Wanted.
        group: u32,
        /// Ours.
        own: u32,
    },
    /// We are not root.
    #[error("only root can choose the supplementary groups of a process; this is user {0}")]
    GroupsNotRoot(
        /// Ours.
        u32,
    ),
    /// Nobody may.
    #[error(
        "the supplementary groups cannot be chosen: this user namespace does not let anybody (setgroups)"
    )]
    GroupsDenied,
    /// The database cannot be read.
    #[error("cannot look up {name:?}: {source}")]
    Lookup {
        /// Whom we looked for.
        name: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// What a child becomes before its exec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Real, effective and saved user; `None` keeps ours.
    pub user: Option<u32>,
    /// Real, effective and saved group.
    pub group: u32,
    /// Supplementary groups, all of them; `None` keeps ours, where nobody may change them (user_namespaces(7)).
    pub groups: Option<Vec<u32>>,
}

/// What the user database says of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name, or the number that was configured.
    pub name: String,
    /// Its home; `/` for one that has no entry.
    pub home: String,
    /// Its shell; `/bin/sh` for one that has none.
    pub shell: String,
}

/// Who a child is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// What it becomes; `None`: it keeps what we are.
    pub credentials: Option<Credentials>,
    /// Whose variables it finds; `None`: those of the supervisor, for no user is configured.
    pub identity: Option<Identity>,
}

/// Resolves what is configured.
///
/// # Errors
/// [`CredentialsError`] names what is unknown or may not be taken.
pub fn resolve(user: Option<&str>, group: Option<&str>) -> Result<Account, CredentialsError> {
    let group = group.map(find_group).transpose()?;
    let (wanted, identity) = match (user, group) {
        (None, None) => return Ok(Account::default()),
        (None, Some(group)) => (Credentials { user: None, group, groups: Some(vec![group]) }, None),
        (Some(user), group) => {
            let (credentials, identity) = find_user(user, group)?;
            (credentials, Some(identity))
        }
    };
    Ok(Account { credentials: permitted(wanted)?, identity })
}

/// The same with these supplementary groups, and no others.
///
/// # Errors
/// [`CredentialsError`] names what is unknown, or why nobody may choose them here.
pub fn with_groups(mut account: Account, groups: &[String]) -> Result<Account, CredentialsError> {
    let groups = groups.iter().map(|group| find_group(group)).collect::<Result<Vec<_>, _>>()?;
    let own = rustix::process::geteuid().as_raw();
    if own != 0 {
        return Err(CredentialsError::GroupsNotRoot(own));
    }
    if groups_denied() {
        return Err(CredentialsError::GroupsDenied);
    }
    let group = rustix::process::getegid().as_raw();
    let credentials = account.credentials.unwrap_or(Credentials { user: None, group, groups: None });
    account.credentials = Some(Credentials { groups: Some(groups), ..credentials });
    Ok(account)
}

/// Whether nobody of this user namespace may change its groups (user_namespaces(7)).
fn groups_denied() -> bool {
    std::fs::read("/proc/self/setgroups").is_ok_and(|says| says.trim_ascii() == b"deny")
}

/// What may be taken of it: all by root, nothing else than what we are by others.
fn permitted(mut wanted: Credentials) -> Result<Option<Credentials>, CredentialsError> {
    let (own_user, own_group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    if own_user == 0 {
        if groups_denied() {
            wanted.groups = None;
        }
        return Ok(Some(wanted));
    }
    let user = wanted.user.unwrap_or(own_user);
    if user == own_user && wanted.group == own_group {
        return Ok(None);
    }
    Err(CredentialsError::NotRoot { user, group: wanted.group, own: own_user })
}

fn find_user(user: &str, group: Option<u32>) -> Result<(Credentials, Identity), CredentialsError> {
    match passwd(user)? {
        Some(Entry { uid, primary, name, home, shell }) => {
            let group = group.unwrap_or(primary);
            let groups = Some(groups_of(&name, group, user)?);
            let text = |text: CString| text.to_string_lossy().into_owned();
            let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
            let (home, shell) = (or(text(home), "/"), or(text(shell), "/bin/sh"));
            let identity = Identity { name: text(name), home, shell };
            Ok((Credentials { user: Some(uid), group, groups }, identity))
        }
        None => {
            let uid = number(user).ok_or_else(|| CredentialsError::UnknownUser(user.to_owned()))?;
            let group = group.unwrap_or_else(|| group_of_a_number(uid));
            let identity =
                Identity { name: user.to_owned(), home: "/".to_owned(), shell: "/bin/sh".to_owned() };
            Ok((Credentials { user: Some(uid), group, groups: Some(vec![]) }, identity))
        }
    }
}

/// The group of a user that has no entry: what we have, where we are that user (an image that has no users, a container
/// that runs as any number); else the group of the same number, as images make them. Never another's: 0 is root's alone.
fn group_of_a_number(uid: u32) -> u32 {
    match uid == rustix::process::geteuid().as_raw() {
        true => rustix::process::getegid().as_raw(),
        false => uid,
    }
}

/// An entry of the user database.
struct Entry {
    uid: u32,
    primary: u32,
    name: CString,
    home: CString,
    shell: CString,
}

/// A number that setresuid(2) does not take for "leave as it is".
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|id| *id != u32::MAX)
}

#[expect(
    unsafe_code,
    reason = "the user database has no safe door that keeps to the C library's name services"
)]
fn passwd(user: &str) -> Result<Option<Entry>, CredentialsError> {
    let name = CString::new(user).map_err(|_| CredentialsError::UnknownUser(user.to_owned()))?;
    let id = number(user);
    look_up(user, |buffer| {
        // SAFETY: all pointers are to live memory of the length given; the name found is copied out of the buffer
        // before that is given up.
        unsafe {
            let mut entry: libc::passwd = std::mem::zeroed();
            let mut found = std::ptr::null_mut();
            let (at, length) = (buffer.as_mut_ptr().cast(), buffer.len());
            let code = match id {
                Some(id) => libc::getpwuid_r(id, &raw mut entry, at, length, &raw mut found),
                None => libc::getpwnam_r(name.as_ptr(), &raw mut entry, at, length, &raw mut found),
            };
            let there = code == 0 && !found.is_null();
            let text = |at: *const libc::c_char| match at.is_null() {
                true => CString::default(),
                false => CStr::from_ptr(at).to_owned(),
            };
            (
                code,
                there.then(|| Entry {
                    uid: entry.pw_uid,
                    primary: entry.pw_gid,
                    name: text(entry.pw_name),
                    home: text(entry.pw_dir),
                    shell: text(entry.pw_shell),
                }),
            )
        }
    })
}

#[expect(
    unsafe_code,
    reason = "the group database has no safe door that keeps to the C library's name services"
)]
fn find_group(group: &str) -> Result<u32, CredentialsError> {
    if let Some(id) = number(group) {
        return Ok(id);
    }
    let unknown = || CredentialsError::UnknownGroup(group.to_owned());
    let name = CString::new(group).map_err(|_| unknown())?;
    let found = look_up(group, |buffer| {
        // SAFETY: all pointers are to live memory of the length given; only a number leaves the buffer.
        unsafe {
            let mut entry: libc::group = std::mem::zeroed();
            let mut found = std::ptr::null_mut();
            let (at, length) = (buffer.as_mut_ptr().cast(), buffer.len());
            let code = libc::getgrnam_r(name.as_ptr(), &raw mut entry, at, length, &raw mut found);
            (code, (code == 0 && !found.is_null()).then_some(entry.gr_gid))
        }
    })?;
    found.ok_or_else(unknown)
}

/// Calls with a growing buffer for as long as it is told ERANGE. Not found has many codes (getpwnam_r(3)).
fn look_up<T>(
    name: &str,
    mut call: impl FnMut(&mut [u8]) -> (i32, Option<T>),
) -> Result<Option<T>, CredentialsError> {
    let mut buffer = vec![0_u8; 4096];
    loop {
        match call(&mut buffer) {
            (libc::ERANGE, _) if buffer.len() < MAX_BUFFER => buffer.resize(buffer.len() * 4, 0),
            (libc::EINTR, _) => {}
            (0 | libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM, found) => return Ok(found),
            (code, _) => {
                let source = io::Error::from_raw_os_error(code);
                return Err(CredentialsError::Lookup { name: name.to_owned(), source });
            }
        }
    }
}

#[expect(unsafe_code, reason = "getgrouplist has no safe door")]
fn groups_of(name: &CStr, group: u32, user: &str) -> Result<Vec<u32>, CredentialsError> {
    let mut groups = vec![0_u32; 64];
    while groups.len() <= MAX_BUFFER {
        let mut count = i32::try_from(groups.len()).unwrap_or(i32::MAX);
        // SAFETY: the array has `count` places, and getgrouplist writes no more than that.
        let fits =
            unsafe { libc::getgrouplist(name.as_ptr(), group, groups.as_mut_ptr(), &raw mut count) } >= 0;
        let count = usize::try_from(count).unwrap_or(0);
        if fits {
            groups.truncate(count);
            return Ok(groups);
        }
        groups.resize(count.max(groups.len() * 2), 0);
    }
    let source = io::Error::from_raw_os_error(libc::ERANGE);
    Err(CredentialsError::Lookup { name: user.to_owned(), source })
}
