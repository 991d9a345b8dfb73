//! The five users that a fresh development database starts with.

use denizen_models::{CreateUserRequest, Profile, Secret, Username};
use denizen_services::{AccessContext, AccountService, CreateUserError, Failure, UserService};

/// Why the sample users could not be created, or prevent the start.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// They cannot be created.
    #[error("cannot create the sample users: {0}")]
    Create(#[from] CreateUserError),
    /// Their passwords cannot be checked.
    #[error("cannot check the passwords of the sample users: {0}")]
    Check(#[from] Failure),
    /// This user still has the documented password, in production.
    #[error(
        "the sample user {0} still has its documented password; set another one, or delete the user, in the \
         development profile"
    )]
    Password(&'static str),
}

/// The password of every sample user. Documented, therefore worthless: for development only.
pub const SAMPLE_PASSWORD: &str = "tutorial-password";

/// The sample user who is an administrator.
pub const ADMINISTRATOR: &str = "diana_admin";

/// One sample user; the address is the first name at `example.com`.
#[derive(Debug, Clone, Copy)]
pub struct SampleUser {
    /// The user name.
    pub username: &'static str,
    /// First and last name.
    pub name: [&'static str; 2],
    /// Age in years.
    pub age: i64,
    /// Roles beside `user`.
    pub roles: &'static [&'static str],
    /// Of the profile.
    pub bio: &'static str,
    /// Of the profile.
    pub location: &'static str,
    /// Of the profile.
    pub skills: [&'static str; 4],
    /// Of the profile, in years.
    pub experience: i64,
}

/// The sample users, in the order of their ids. They are those of the Go original: `diana_admin` is administrator.
pub const SAMPLE_USERS: [SampleUser; 5] = [
    SampleUser {
        username: "alice_dev",
        name: ["Alice", "Johnson"],
        age: 25,
        roles: &["developer"],
        bio: "Senior Go developer with 5+ years experience",
        location: "San Francisco, CA",
        skills: ["Go", "Docker", "Kubernetes", "PostgreSQL"],
        experience: 5,
    },
    SampleUser {
        username: "bob_coder",
        name: ["Bob", "Smith"],
        age: 30,
        roles: &["developer"],
        bio: "Full-stack developer passionate about clean code",
        location: "Austin, TX",
        skills: ["JavaScript", "React", "Node.js", "MongoDB"],
        experience: 3,
    },
    SampleUser {
        username: "charlie_go",
        name: ["Charlie", "Brown"],
        age: 35,
        roles: &["developer", "mentor"],
        bio: "Go enthusiast and open source contributor",
        location: "Seattle, WA",
        skills: ["Go", "Python", "AWS", "Microservices"],
        experience: 7,
    },
    SampleUser {
        username: ADMINISTRATOR,
        name: ["Diana", "Wilson"],
        age: 40,
        roles: &["admin"],
        bio: "System administrator and DevOps engineer",
        location: "New York, NY",
        skills: ["Linux", "AWS", "Docker", "CI/CD"],
        experience: 6,
    },
    SampleUser {
        username: "eve_tester",
        name: ["Eve", "Davis"],
        age: 45,
        roles: &["tester"],
        bio: "QA engineer focused on automation testing",
        location: "Chicago, IL",
        skills: ["Selenium", "Python", "Jest", "Cypress"],
        experience: 4,
    },
];

impl SampleUser {
    /// The address.
    #[must_use]
    pub fn email(&self) -> String {
        format!("{}@example.com", self.name[0].to_lowercase())
    }

    fn request(&self) -> CreateUserRequest {
        let own = |text: &&str| (*text).to_owned();
        let [first_name, last_name] = self.name.map(str::to_owned);
        CreateUserRequest {
            username: self.username.to_owned(),
            email: self.email(),
            first_name,
            last_name,
            age: Some(self.age),
            email_verified: Some(true),
            roles: Some(["user"].iter().chain(self.roles).map(own).collect()),
            profile: Some(Profile {
                bio: self.bio.to_owned(),
                location: self.location.to_owned(),
                skills: self.skills.iter().map(own).collect(),
                experience: self.experience,
                ..Profile::default()
            }),
            password: Some(Secret::from(SAMPLE_PASSWORD)),
            ..CreateUserRequest::default()
        }
    }
}

/// Creates the sample users. Existing ones are left unchanged, so that an interrupted start can be repeated.
pub(crate) async fn create(users: &dyn UserService) -> Result<(), SampleError> {
    for sample in SAMPLE_USERS {
        match users.create_user(&AccessContext::system(), sample.request()).await {
            Ok(_) | Err(CreateUserError::UsernameTaken(_) | CreateUserError::EmailTaken(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Checks that no sample user still has the documented password.
pub(crate) async fn refuse_sample_passwords(accounts: &AccountService) -> Result<(), SampleError> {
    for sample in SAMPLE_USERS {
        let Ok(username) = Username::parse(sample.username) else { continue };
        if accounts.has_password(&username, &Secret::from(SAMPLE_PASSWORD)).await? {
            return Err(SampleError::Password(sample.username));
        }
    }
    Ok(())
}
