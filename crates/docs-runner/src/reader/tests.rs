//! A reader with a real git, and a guide of three pages.

use super::*;
use crate::testing::{Scratch, tree};

const PLAN: &str =
    "# A new feature: greetings\n\nBegin with:\n\n```console\n$ cargo xtask docs start guide\n```\n";
const FIRST: &str = "# First\n\nIn `src/lib.rs`, find:\n\n```rust\nmod core;\n```\n\nand add below it:\n\n\
    ```rust\nmod greet;\n```\n\nCreate `src/greet/mod.rs`:\n\n```rust\npub fn greet() {\n    hello();\n}\n```\n";
const SECOND: &str = "# Second\n\nIn `src/greet/mod.rs`, find:\n\n```rust\nhello();\n```\n\nand add below it:\n\n\
    ```rust\n    goodbye();\n```\n\nTake these files from the finished repository:\n\n\
    ```console\n$ git checkout finished -- tests/\n```\n";
const MODULE: &str = "src/greet/mod.rs";
const PAGES: [&str; 3] = ["docs/guide/0-plan.md", "docs/guide/1-first.md", "docs/guide/2-second.md"];

fn house() -> Tree {
    tree(&[
        (".gitignore", "/target\n"),
        ("README.md", "# House\n"),
        ("docs/SUMMARY.md", "- [P](guide/0-plan.md)\n- [F](guide/1-first.md)\n- [S](guide/2-second.md)\n"),
        (PAGES[0], PLAN),
        (PAGES[1], FIRST),
        (PAGES[2], SECOND),
        ("src/lib.rs", "mod core;\nmod greet;\n"),
        (MODULE, "pub fn greet() {\n    hello();\n    goodbye();\n}\n"),
        ("tests/greet/one.rs", "// one\n"),
    ])
}

/// A repository on the branch `main` with one commit.
struct Reader {
    folder: Scratch,
    desk: Desk,
}

impl Reader {
    fn new() -> Self {
        let folder = Scratch::new();
        let root = folder.path("house");
        house().lay(&root, &root).unwrap();
        let git = Git::new(&root);
        git.ask(&["init", "--quiet", "--initial-branch", "main"]).unwrap();
        git.commit("--all", "All").unwrap();
        let desk = Desk::new(&root, root.join("target/docs/reader")).unwrap();
        Self { folder, desk }
    }

    /// One who has begun the guide.
    fn begun() -> Self {
        let reader = Self::new();
        start::start(&reader.desk, "guide").unwrap();
        reader
    }

    fn git(&self, arguments: &str) -> String {
        self.desk.git.ask(&arguments.split(' ').collect::<Vec<_>>()).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let mut file = Tree::default();
        file.set(path, text.to_owned());
        file.lay_file(path, &self.desk.root).unwrap();
    }

    fn files(&self) -> Tree {
        Tree::of_repository(&self.desk.root).unwrap()
    }

    fn does_first_page(&self) {
        self.write("src/lib.rs", "mod core;\nmod greet;\n");
        self.write(MODULE, "pub fn greet() {\n    hello();\n}\n");
    }

    fn compares(&self) -> String {
        compare::compare(&self.desk).unwrap()
    }

    fn is_refused(&self, begin: &str) {
        let Err(Failure::Failed(message)) = start::start(&self.desk, "guide") else { panic!("it began") };
        assert!(message.starts_with(begin), "{message}");
        assert_eq!(self.git("branch --show-current"), "main");
    }
}

/// The lines of a comparison, without its diff.
fn table(first: &str, second: &str) -> String {
    format!("{}: nothing to edit\n{}: {first}\n{}: {second}", PAGES[0], PAGES[1], PAGES[2])
}

#[test]
fn a_guide_begins_on_a_branch_without_its_feature() {
    let reader = Reader::new();
    let said = start::start(&reader.desk, "guide").unwrap();
    let begin = "You are on the branch `guide`, from which greetings is taken out. The tag `finished` is where you were.\n\
                 Go on with docs/guide/0-plan.md\n";
    assert!(said.starts_with(begin) && said.contains("then git switch main\n"), "{said}");
    assert_eq!(reader.files().differing(&house()), ["src/greet/mod.rs", "src/lib.rs", "tests/greet/one.rs"]);
    assert_eq!(reader.files().text("src/lib.rs"), Some("mod core;\n"));
    assert!(!reader.folder.path("house/src/greet").exists() && !reader.folder.path("house/tests").exists());
    assert_eq!(reader.git("status --porcelain"), "");
    let log = "Take greetings out, to build it by the guide\nAll";
    assert_eq!(reader.git("log --format=%s"), log);
    assert_eq!(reader.git("rev-parse finished"), reader.git("rev-parse main"));
    // Whoever has told git a name is the author, and others can commit, too.
    let name = reader.desk.git.ask(&["config", "--get", "user.name"]);
    assert_eq!(reader.git("log -1 --format=%an"), name.unwrap_or("Reader of the guide".to_owned()));
    reader.git("switch --quiet -");
    assert_eq!(reader.files(), house());
}

#[test]
fn whoever_wants_to_forget_the_guide_types_what_it_said_at_its_beginning() {
    let forget = |reader: &Reader, said: &str| {
        let commands = said.lines().find_map(|line| line.strip_prefix("To forget all of it:")).unwrap();
        for command in commands.split(" && ") {
            reader.git(command.trim().strip_prefix("git ").unwrap());
        }
        assert_eq!(reader.files(), house());
        assert_eq!((reader.git("branch --list guide"), reader.git("tag")), Default::default());
    };
    // In the middle, with changed files, new ones, and a branch of an older attempt.
    let reader = Reader::new();
    let said = start::start(&reader.desk, "guide").unwrap();
    reader.write("src/lib.rs", "broken\n");
    goto::goto(&reader.desk, "1").unwrap();
    reader.write("src/lib.rs", "broken again\n");
    reader.write(MODULE, "broken\n");
    forget(&reader, &said);

    // At the end, from a commit without a branch.
    reader.git("switch --quiet --detach");
    let said = start::start(&reader.desk, "guide").unwrap();
    reader.does_first_page();
    forget(&reader, &said);
}

#[test]
fn files_that_git_does_not_track_stay_where_they_are() {
    let reader = Reader::new();
    reader.write("tests/greet/mine.txt", "mine");
    start::start(&reader.desk, "guide").unwrap();
    assert_eq!(reader.git("status --porcelain"), "?? tests/");
    assert_eq!(reader.files().text("tests/greet/mine.txt"), Some("mine"));
}

#[test]
fn a_guide_does_not_begin_where_it_would_lose_work_or_names() {
    let reader = Reader::new();
    reader.write("README.md", "# My house\n");
    reader.is_refused(
        "you have changes that are in no commit; commit them, or put them aside with `git stash`:\n M README",
    );
    reader.git("checkout -- .");
    reader.git("tag finished");
    reader.is_refused("there is a tag `finished` already; `git switch guide` goes on where you were");
    reader.git("tag -d finished");
    reader.git("branch guide");
    reader.is_refused("there is a branch `guide` already; ");
    assert!(!reader.desk.git.has_tag(FINISHED));
    let Err(Failure::Usage(message)) = start::start(&reader.desk, "tutorial") else { panic!("it began") };
    assert_eq!(message, "there is no guide `tutorial`; there is `guide`");
}

#[test]
fn a_guide_that_is_stale_does_not_begin() {
    let reader = Reader::new();
    reader.write("src/lib.rs", "mod core;\n");
    reader.git("commit --quiet --all --author=A<a@b> -m Stale");
    reader.is_refused("docs/guide/1-first.md:5: the page is stale, its edit cannot be undone: ");
    assert_eq!(reader.git("tag"), "");
}

#[test]
fn outside_of_a_repository_of_its_own_there_is_no_guide() {
    let scratch = Scratch::new();
    let (root, inner) = (scratch.path("house"), scratch.path("house/src"));
    house().lay(&root, &root).unwrap();
    let message = |folder: &Path| Desk::new(folder, folder.join("target")).err().unwrap();
    let expected =
        |folder: &Path| format!("{} is no git repository; get one with `git clone`", folder.display());
    assert_eq!(message(&root), expected(&root));
    Git::new(&root).ask(&["init", "--quiet"]).unwrap();
    assert_eq!(message(&inner), expected(&inner));
}

#[test]
fn before_a_guide_has_begun_there_is_nothing_to_compare_or_to_go_to() {
    let reader = Reader::new();
    let expected =
        "there is no tag `finished`, so no guide has begun; `cargo xtask docs start guide` begins it";
    for result in [compare::compare(&reader.desk), goto::goto(&reader.desk, "1")] {
        let Err(Failure::Failed(message)) = result else { panic!("it compared") };
        assert_eq!(message, expected);
    }
}

#[test]
fn a_reader_who_follows_the_pages_sees_them_done_one_by_one() {
    let reader = Reader::begun();
    assert_eq!(reader.compares(), table("not begun", "not begun"));
    reader.does_first_page();
    assert_eq!(reader.compares(), table("done", "not begun"));
    reader.write(MODULE, "pub fn greet() {\n\thello();\n\n\tgoodbye();\n}");
    reader.git("checkout finished -- tests");
    assert_eq!(reader.compares(), table("done", "done"));
}

#[test]
fn what_is_missing_is_shown_as_a_diff() {
    let reader = Reader::begun();
    reader.write("src/lib.rs", "mod core;\nmod greet;\n");
    let missing = "\n\nTo get where docs/guide/1-first.md ends, add the lines with + and remove those with -:\n\
                   --- /dev/null\n+++ page/src/greet/mod.rs\n@@ -0,0 +1,3 @@\n+pub fn greet() {\n+    hello();\n+}";
    assert_eq!(reader.compares(), table("differs in src/greet/mod.rs", "not begun") + missing);

    // Another indentation is no difference, another word is.
    reader.write(MODULE, "pub fn greet() {\n  helo();\n}\n");
    let typo = "\n\nTo get where docs/guide/1-first.md ends, add the lines with + and remove those with -:\n\
                --- yours/src/greet/mod.rs\n+++ page/src/greet/mod.rs\n@@ -1,3 +1,3 @@\n pub fn greet() {\n\
                -  helo();\n+    hello();\n }";
    assert_eq!(reader.compares(), table("differs in src/greet/mod.rs", "not begun") + typo);
}

#[test]
fn a_mistake_is_shown_on_its_page_however_far_the_reader_is() {
    let reader = Reader::begun();
    reader.does_first_page();
    reader.write(MODULE, "pub fn greet() {\n    hello();\n    godbye();\n}\n");
    let text = reader.compares();
    let expected = table("done", "differs in src/greet/mod.rs, tests/greet/one.rs");
    assert!(text.starts_with(&expected) && text.ends_with("-    godbye();\n+    goodbye();\n }"), "{text}");
    assert!(text.contains(" (the first of 2 files):\n"), "{text}");

    reader.git("checkout finished -- tests");
    reader.write(MODULE, "pub fn greet() {\n    hello();\n    goodbye();\n}\n");
    reader.write("src/lib.rs", "mod core;\nmod great;\n");
    let text = reader.compares();
    assert!(text.starts_with(&table("differs in src/lib.rs", "done")), "{text}");
    assert!(text.ends_with("-mod great;\n+mod greet;"), "{text}");

    // The first page's line is gone, and the second page's line is there.
    reader.write(MODULE, "pub fn greet() {\n    helo();\n    goodbye();\n}\n");
    reader.write("src/lib.rs", "mod core;\nmod greet;\n");
    let text = reader.compares();
    assert!(text.contains("-    helo();\n+    hello();\n     goodbye();"), "{text}");
}

#[test]
fn files_that_no_page_asks_for_are_named() {
    let reader = Reader::begun();
    reader.write("src/greet.rs", "pub fn greet() {}\n");
    reader.write("README.md", "# My house\n");
    fs::remove_file(reader.desk.root.join("docs/SUMMARY.md")).unwrap();
    let expected = "\nREADME.md: you have changed this file, but no page asks for it\n\
                    docs/SUMMARY.md: you have removed this file, but no page asks for it\n\
                    src/greet.rs: no page creates this file";
    assert_eq!(reader.compares(), table("not begun", "not begun") + expected);
}

#[test]
fn going_to_a_page_lays_its_beginning_and_keeps_what_was_there() {
    let reader = Reader::begun();
    reader.write("src/lib.rs", "broken\n");
    reader.write("src/mine.rs", "mine\n");
    let said = goto::goto(&reader.desk, "2").unwrap();
    assert_eq!(
        said,
        "What you had is on the branch `guide-mine-1`.\nYou are on the branch `guide`, at the beginning of \
         docs/guide/2-second.md, which is the end of docs/guide/1-first.md."
    );
    assert_eq!(reader.compares(), table("done", "not begun"));
    assert_eq!(reader.git("status --porcelain"), "");
    assert_eq!(reader.git("show guide-mine-1:src/mine.rs"), "mine");
    assert_eq!(reader.git("show guide-mine-1:src/lib.rs"), "broken");

    // Back again: nothing to keep, so no branch.
    let said = goto::goto(&reader.desk, "docs/guide/0-plan.md").unwrap();
    assert_eq!(said, "You are on the branch `guide`, at the beginning of docs/guide/0-plan.md.");
    assert_eq!(reader.compares(), table("not begun", "not begun"));
    reader.write("src/lib.rs", "broken again\n");
    assert!(goto::goto(&reader.desk, "1-first").unwrap().contains("`guide-mine-2`"));
    let Err(Failure::Usage(message)) = goto::goto(&reader.desk, "3") else { panic!("it went") };
    assert_eq!(message, format!("there is no page `3`; there are {}", PAGES.join(", ")));
}
