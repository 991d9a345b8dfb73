//! How many files the process may have open: each connection is one.

use rlimit::Resource;

/// For the database, the log, mail, and connections that wait to be refused.
const RESERVED: u64 = 128;

/// Raises the limit so that `wanted` connections can be open, and returns how many can. Only the first so many that systems
/// and shells allow by default may be far fewer: systemd's default is 1024, which a program may raise by itself.
pub(crate) fn connections(wanted: usize) -> usize {
    let needed = u64::try_from(wanted).unwrap_or(u64::MAX).saturating_add(RESERVED);
    let Ok((soft, hard)) = Resource::NOFILE.get() else { return wanted };
    if soft >= needed {
        return wanted;
    }
    // The second is what a program without privileges may do.
    let raised = Resource::NOFILE.set(needed, hard.max(needed)).map(|()| needed);
    let raised = raised.or_else(|_| Resource::NOFILE.set(needed.min(hard), hard).map(|()| needed.min(hard)));
    let files = raised.unwrap_or(soft);
    if files >= needed {
        return wanted;
    }
    let possible = files.saturating_sub(RESERVED).max(files / 2).max(1);
    log::warn!(
        "max_connections = {wanted} cannot be reached: the process may have {files} files open, so {possible} connections \
         are served at a time; raise the limit to {needed} or more (LimitNOFILE in a unit of systemd, or ulimit -n)"
    );
    usize::try_from(possible).unwrap_or(wanted).min(wanted)
}
