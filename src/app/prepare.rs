//! What every supervisor needs, whatever its configuration says: the process itself made ready, the runtime of the
//! supervision thread, the first spawner. Made on the main thread while another reads the configuration. Starts nothing
//! that was configured.

use super::running::BeginError;
use phpeek_os::environment::Environment;
use phpeek_os::ground::Ground;
use phpeek_os::{limits, pid1, unbound};

/// See the top of the file.
pub struct Prepared {
    pub(super) system: actix::SystemRunner,
    pub(super) ground: Ground,
}

/// Makes it.
///
/// # Errors
/// What the kernel refuses.
pub fn prepare() -> Result<Prepared, BeginError> {
    let failed = |what| move |source| BeginError::System { what, source };
    limits::keep_descriptors_from_children().map_err(failed("keep inherited descriptors from children"))?;
    limits::raise_nofile().map_err(failed("raise the limit of open descriptors"))?;
    unbound::survive().map_err(failed("take the signals that nothing is bound to"))?;
    pid1::adopt_orphans().map_err(failed("become the parent of orphans"))?;
    let ground = Ground::new(Environment::inherited()).map_err(failed("start the spawner thread"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = runtime.map_err(failed("make the runtime of the supervision thread"))?;
    Ok(Prepared { system: actix::System::with_tokio_rt(move || runtime), ground })
}
