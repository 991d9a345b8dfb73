//! The nginx configuration that the pages recommend: nginx accepts it, and guards an application with it.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Context;
use crate::process::{cargo, run};

const FILES: [&str; 2] = ["deploy/nginx.conf", "deploy/nginx-forward-auth.conf"];

pub fn check(context: &mut Context) -> Result<(), String> {
    let mut text = String::new();
    for file in FILES {
        let path = context.workspace.root.join(file);
        text += &fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let folder = context.scratch("nginx");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    check_text(&text, &folder)?;
    run(&mut cargo(&context.workspace.root, &["test", "--workspace", "--locked", "--test", "nginx"]))
}

fn check_text(text: &str, folder: &Path) -> Result<(), String> {
    let place = |name: &str| folder.join(name).display().to_string();
    let (key, certificate) = (place("key.pem"), place("certificate.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    openssl.args(["-subj", "/CN=accounts.example.org", "-keyout", &key, "-out", &certificate]);
    run(&mut openssl)?;
    // What belongs to the machine: paths, and a port that only root may use.
    let text = text
        .replace("/etc/ssl/certs/accounts.example.org.pem", &certificate)
        .replace("/etc/ssl/private/accounts.example.org.key", &key)
        .replace("/etc/ssl/certs/app.example.org.pem", &certificate)
        .replace("/etc/ssl/private/app.example.org.key", &key)
        .replace("/var/log/nginx/denizen.log", &place("access.log"))
        .replace("listen 443 ssl;", "listen 127.0.0.1:8443 ssl;");
    let (main, pid, temporary) = (folder.join("nginx.conf"), place("pid"), place("temporary"));
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {temporary}-{name};\n"))
        .concat();
    let main_text =
        format!("pid {pid};\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{text}\n}}\n");
    fs::write(&main, main_text).map_err(|error| format!("{}: {error}", main.display()))?;
    let mut nginx = Command::new("nginx");
    nginx.args(["-t", "-q", "-e", "stderr", "-c"]).arg(&main);
    run(&mut nginx).map_err(|error| format!("nginx refuses {}: {error}", FILES.join(" with ")))
}
