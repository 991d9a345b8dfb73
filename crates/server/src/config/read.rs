//! From settings to a checked configuration.

use super::{Config, Problem, Problems, Profile, Setting, Settings, parse, rules, table::*};

impl Config {
    /// Checks the values and the rules of the profile.
    ///
    /// # Errors
    /// Everything that is wrong, each with its source. If the file could not be read, only what is certain
    /// without it.
    pub fn from_settings(settings: &Settings) -> Result<Self, Problems> {
        let mut reader = Reader { settings, problems: settings.problems.clone() };
        if !settings.complete {
            return Err(reader.into_problems());
        }
        // A profile that could not even be read must not be judged by the rules of the default one.
        let unread = reader.mentions(&PROFILE);
        let profile = reader.read(&PROFILE, str::parse::<Profile>).filter(|_| !unread);
        let bind = reader.read(&BIND, parse::address);
        let database = reader.read(&DATABASE, parse::database);
        let derived = settings.get(&PUBLIC_URL).is_some_and(|resolved| resolved.is_default());
        let public_url = reader.read(&PUBLIC_URL, parse::public_url).filter(|_| !derived);
        let service_name = reader.read(&SERVICE_NAME, parse::service_name);
        let log = reader.read(&LOG, parse::log_filter);
        let demo_routes = reader.read(&DEMO_ROUTES, parse::switch);
        let metrics = reader.read(&METRICS, parse::switch);
        let shutdown_timeout = reader.read(&SHUTDOWN_TIMEOUT, parse::duration("0s", "1h"));
        let registration = reader.read(&REGISTRATION, parse::registration);
        let directory = reader.read(&DIRECTORY, parse::directory);
        let password_min_length = reader.read(&PASSWORD_MIN_LENGTH, parse::number(8..=64));
        let hash_memory = reader.read(&HASH_MEMORY, parse::number(19_456..=262_144));
        let hash_passes = reader.read(&HASH_PASSES, parse::number(2..=16));
        let hash_threads = reader.read(&HASH_THREADS, parse::number(1..=256));
        let hash_queue = reader.read(&HASH_QUEUE, parse::number(1..=65_536));
        let session_lifetime = reader.read(&SESSION_LIFETIME, parse::duration("5m", "30d"));
        let session_idle_timeout = reader.read(&SESSION_IDLE_TIMEOUT, parse::duration("5m", "30d"));
        let reset_token_ttl = reader.read(&RESET_TOKEN_TTL, parse::duration("1m", "24h"));
        let invitation_ttl = reader.read(&INVITATION_TTL, parse::duration("1m", "30d"));
        let verification_ttl = reader.read(&VERIFICATION_TTL, parse::duration("1m", "7d"));
        let audit_retention = reader.read(&AUDIT_RETENTION, parse::retention);
        let mail = reader.read(&MAIL, parse::mail);
        let mail_from = reader.read(&MAIL_FROM, parse::sender);
        let mail_reply_to = reader.read(&MAIL_REPLY_TO, parse::optional_sender);
        let mail_templates = reader.read(&MAIL_TEMPLATES, parse::optional_path);
        let mail_root_certificate = reader.read(&MAIL_ROOT_CERTIFICATE, parse::optional_path);
        let mail_max_age = reader.read(&MAIL_MAX_AGE, parse::duration("1h", "30d"));
        let mail_workers = reader.read(&MAIL_WORKERS, parse::number(1..=64));
        let cors_origins = reader.read(&CORS_ORIGINS, parse::origins);
        let trusted_proxies = reader.read(&TRUSTED_PROXIES, parse::networks);
        let workers = reader.read(&WORKERS, parse::number(1..=512));
        let max_connections = reader.read(&MAX_CONNECTIONS, parse::number(1..=1_000_000));
        let header_timeout = reader.read(&HEADER_TIMEOUT, parse::duration("1s", "5m"));
        let body_timeout = reader.read(&BODY_TIMEOUT, parse::duration("1s", "5m"));
        let idle_timeout = reader.read(&IDLE_TIMEOUT, parse::duration("1s", "1h"));
        let slow_request = reader.read(&SLOW_REQUEST, parse::duration("1s", "1h"));
        let rate_limit = reader.read(&RATE_LIMIT, parse::number(0..=1_000_000));
        let rate_burst = reader.read(&RATE_BURST, parse::number(1..=1_000_000));
        let limit_login_per_ip = reader.read(&LIMIT_LOGIN_PER_IP, parse::quota);
        let limit_login_per_account = reader.read(&LIMIT_LOGIN_PER_ACCOUNT, parse::quota);
        let limit_mail_per_ip = reader.read(&LIMIT_MAIL_PER_IP, parse::quota);
        let limit_mail_per_address = reader.read(&LIMIT_MAIL_PER_ADDRESS, parse::quota);
        let limit_sign_up_per_ip = reader.read(&LIMIT_SIGN_UP_PER_IP, parse::quota);
        let limit_tokens_per_ip = reader.read(&LIMIT_TOKENS_PER_IP, parse::quota);
        if let Some(profile) = profile {
            let facts = rules::Facts {
                bind,
                database: database.as_ref(),
                public_url: public_url.as_ref(),
                mail: mail.as_ref(),
                session_lifetime,
                session_idle_timeout,
            };
            for (setting, reason) in rules::violations(profile, &facts) {
                reader.object(setting, reason);
            }
        }
        let config = || {
            Some(Self {
                profile: profile?,
                bind: bind?,
                database: database?,
                public_url,
                service_name: service_name?,
                log: log?,
                demo_routes: demo_routes?,
                metrics: metrics?,
                shutdown_timeout: shutdown_timeout?,
                registration: registration?,
                directory: directory?,
                password_min_length: password_min_length?,
                hash_memory: hash_memory?,
                hash_passes: hash_passes?,
                hash_threads: hash_threads?,
                hash_queue: hash_queue?,
                session_lifetime: session_lifetime?,
                session_idle_timeout: session_idle_timeout?,
                reset_token_ttl: reset_token_ttl?,
                invitation_ttl: invitation_ttl?,
                verification_ttl: verification_ttl?,
                audit_retention: audit_retention?,
                mail: mail?,
                mail_from: mail_from?,
                mail_reply_to: mail_reply_to?,
                mail_templates: mail_templates?,
                mail_root_certificate: mail_root_certificate?,
                mail_max_age: mail_max_age?,
                mail_workers: mail_workers?,
                cors_origins: cors_origins?,
                trusted_proxies: trusted_proxies?,
                workers: workers?,
                max_connections: max_connections?,
                header_timeout: header_timeout?,
                body_timeout: body_timeout?,
                idle_timeout: idle_timeout?,
                slow_request: slow_request?,
                rate_limit: rate_limit?,
                rate_burst: rate_burst?,
                limit_login_per_ip: limit_login_per_ip?,
                limit_login_per_account: limit_login_per_account?,
                limit_mail_per_ip: limit_mail_per_ip?,
                limit_mail_per_address: limit_mail_per_address?,
                limit_sign_up_per_ip: limit_sign_up_per_ip?,
                limit_tokens_per_ip: limit_tokens_per_ip?,
            })
        };
        match config() {
            Some(config) if reader.problems.is_empty() => Ok(config),
            _ => Err(reader.into_problems()),
        }
    }

    /// Checks the rules of the profile for a configuration that was put together by hand, such as by a
    /// program that embeds the server. [`Self::from_settings`] has done so already.
    ///
    /// # Errors
    /// Every rule that is broken.
    pub fn validate(&self) -> Result<(), Problems> {
        let facts = rules::Facts {
            bind: Some(self.bind),
            database: Some(&self.database),
            public_url: self.public_url.as_ref(),
            mail: Some(&self.mail),
            session_lifetime: Some(self.session_lifetime),
            session_idle_timeout: Some(self.session_idle_timeout),
        };
        let problem = |(setting, reason): (&'static Setting, &str)| Problem {
            key: Some(setting.key),
            message: format!("`{}`: {reason}", setting.key),
        };
        let problems: Vec<_> = rules::violations(self.profile, &facts).into_iter().map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }
}

/// Reads one setting after the other and remembers what is wrong.
struct Reader<'a> {
    settings: &'a Settings,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn mentions(&self, setting: &Setting) -> bool {
        self.problems.iter().any(|problem| problem.key == Some(setting.key))
    }

    /// The value, if it is set and well-formed.
    fn read<T>(&mut self, setting: &Setting, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let resolved = self.settings.get(setting)?;
        match &resolved.value {
            Some(text) => match parse(text) {
                Ok(value) => return Some(value),
                Err(reason) => self.object(setting, &reason),
            },
            None => {
                if let Some(reason) = resolved.requirement() {
                    self.object(setting, &reason);
                }
            }
        }
        None
    }

    /// One problem for each setting is enough: the next one may follow from it.
    fn object(&mut self, setting: &Setting, reason: &str) {
        if !self.mentions(setting) {
            self.problems.extend(self.settings.get(setting).map(|resolved| resolved.problem(reason)));
        }
    }

    fn into_problems(mut self) -> Problems {
        let position = |key| SETTINGS.iter().position(|setting| setting.key == key);
        self.problems.sort_by_key(|problem| problem.key.and_then(position));
        Problems(self.problems)
    }
}
