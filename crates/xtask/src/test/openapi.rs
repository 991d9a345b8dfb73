//! The description of the API: a validator accepts it, and a live server answers generated requests as it says.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use super::Context;
use crate::process::run;

const DOCUMENT: &str = "docs/reference/openapi.json";
const TOOLS: &str = "crates/xtask/openapi";
/// What an answer must be: none of the service's failures, and as documented in status, media type and schema.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
/// What would end the session of the test, which then would see nothing but 401.
const ENDS_SESSIONS: &str = "/logout$|/sessions|/delete-account$|/change-password$";

pub fn check(context: &mut Context) -> Result<(), String> {
    let (root, folder) = (&context.workspace.root, context.scratch("openapi"));
    let tools = install(root, &folder)?;
    run(Command::new(tools.join("openapi-spec-validator")).arg(root.join(DOCUMENT)))?;
    context.cargo(&["build", "--locked", "-p", "denizen-server"])?;
    let server = Server::start(&context.workspace.target.join("debug/denizen"), &folder)?;
    let schemathesis = |seconds: &str, examples: &str| {
        let mut command = Command::new(tools.join("schemathesis"));
        command.arg("run").arg(root.join(DOCUMENT)).args(["--url", &server.url, "--checks", CHECKS]);
        command.args(["--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--no-color"]);
        command.args(["--warnings", "off", "--max-time", seconds, "--max-examples", examples]);
        command.current_dir(&folder).env("DENIZEN_URL", &server.url);
        command
    };
    let mut signed_in = schemathesis("100", "10");
    signed_in.args(["--exclude-path-regex", ENDS_SESSIONS]);
    run(signed_in.env("SCHEMATHESIS_HOOKS", root.join(TOOLS).join("sign_in.py")))?;
    run(&mut schemathesis("40", "3"))
}

/// Installs the tools, pinned by their hashes, into a folder of ours, and returns where they are.
fn install(root: &Path, folder: &Path) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let requirements = root.join(TOOLS).join("requirements.txt");
    let wanted = fs::read(&requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let (installed, python) = (folder.join("installed.txt"), folder.join("python"));
    if fs::read(&installed).ok() != Some(wanted.clone()) {
        fs::create_dir_all(folder).map_err(failed)?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&python))?;
        let mut pip = Command::new(python.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]);
        run(pip.args(["--only-binary", ":all:", "--requirement"]).arg(&requirements))?;
        fs::write(&installed, wanted).map_err(failed)?;
    }
    Ok(python.join("bin"))
}

/// A development server on a port of its own, which ends with this value.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(program: &Path, folder: &Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", program.display());
        for name in ["test.db", "test.db-wal", "test.db-shm"] {
            // It may be there from a run before.
            let _was_there = fs::remove_file(folder.join(name));
        }
        let mut command = Command::new(program);
        command.args(["--bind", "127.0.0.1:0", "--database", "sqlite://test.db", "--log", "info"]);
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(failed)?;
        let log = process.stderr.take().ok_or("the server has no standard error")?;
        let mut server = Self { process, url: String::new() };
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let url =
            lines.find_map(|line| line.split_once("listening on ").map(|(_, url)| url.trim().to_owned()));
        server.url = url.ok_or("the server ended before it was ready")?;
        // A pipe that is not read would stop the server.
        thread::spawn(move || lines.for_each(drop));
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _has_ended = self.process.kill().and_then(|()| self.process.wait());
    }
}
