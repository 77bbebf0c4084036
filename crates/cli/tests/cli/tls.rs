//! TLS on the command line: what is served, what the shell is told, and who is made to trust it.

use super::*;

#[test]
fn a_server_with_its_own_ca_tells_the_shell_and_the_machine() {
    let home = Home::new();
    let nothing = home.fails("trust");
    assert!(nothing.contains("wharfinger serve --tls auto"), "{nothing}");

    let mut server = home.serve("--tls auto --tls-name registry.lan --region eu-west-1");
    assert!(server.url().starts_with("https://localhost:"), "{:?}", server.greeting);
    let text = server.greeting.join("\n");
    assert!(text.contains(" trust --data-dir "), "{text}");
    let port = server.url().rsplit_once(':').unwrap().1.to_owned();
    let plain = get(server.url(), "/");
    assert!(plain.starts_with("HTTP/1.1 400 ") && plain.contains("speaks TLS"), "{plain}");

    // Whatever it finds of this machine's ports and disks.
    let doctor = String::from_utf8(home.run("doctor").stdout).unwrap();
    assert!(doctor.contains("ca.crt is of use"), "{doctor}");

    let ca = home.data_dir().join("ca.crt");
    let env = home.ok("env");
    assert!(env.contains(&format!("export AWS_ENDPOINT_URL={}\n", server.url())), "{env}");
    assert!(env.contains(&format!("export AWS_CA_BUNDLE={}\n", ca.display())), "{env}");
    let env = home.ok("env --aws-names");
    assert!(!env.contains("export AWS_ENDPOINT_URL"), "{env}");
    assert!(
        env.trim_end().ends_with(" AWS_ENDPOINT_URL") && env.contains("AWS_CA_BUNDLE"),
        "{env}"
    );

    let root = home.folder.path().join("root");
    fs::create_dir_all(root.join("usr/local/share/ca-certificates")).unwrap();
    let trust = format!("trust --root {}", root.display());
    let planned = home.ok(&format!("{trust} --print"));
    assert!(planned.contains("would write ") && planned.contains("would run   update-ca"));
    assert!(!root.join("etc").exists(), "only said");
    // The names are those of the server that runs, not of one that would.
    let report = home.json(&format!("{trust} --json"));
    let registry = report["hosts"].as_str().unwrap().split(' ').nth(1).unwrap().to_owned();
    assert!(registry.ends_with(".dkr.ecr.eu-west-1.amazonaws.com"), "{registry}");
    assert_eq!(report["port"].to_string(), port);
    assert_eq!(report["command"]["ran"], false, "that store is not this machine's");
    assert_eq!(report["aws_ca_bundle"], "/etc/ssl/certs/ca-certificates.crt");
    let pem = fs::read_to_string(&ca).unwrap();
    for host in [&registry, "localhost", "registry.lan"] {
        let file = root.join(format!("etc/docker/certs.d/{host}:{port}/ca.crt"));
        assert!(fs::read_to_string(file).unwrap().ends_with(&pem), "{host}");
    }
    let again = home.ok(&trust);
    assert!(again.contains("unchanged ") && !again.contains("wrote "), "{again}");
    assert!(again.contains("\nexport AWS_CA_BUNDLE=/etc/ssl/certs/"), "{again}");
    let elsewhere = home.ok(&format!("{trust} --print --region us-west-2"));
    assert!(elsewhere.contains("api.ecr.us-west-2.amazonaws.com"), "{elsewhere}");
    let removed = home.ok(&format!("{trust} --remove"));
    assert!(removed.contains("removed ") && removed.contains("Take this line out"), "{removed}");
    assert_eq!(fs::read_dir(root.join("etc/docker/certs.d")).unwrap().count(), 0);
    assert_eq!(server.signal("-TERM"), 0);

    let other = home.fails("serve --listen 127.0.0.1:0 --tls auto --tls-name other.test");
    assert!(other.contains("was not made for the name other.test"), "{other}");
    // The CA stays, and another server would have the same.
    let env = home.ok("env --tls auto --listen 127.0.0.1:443");
    assert!(env.contains("export AWS_ENDPOINT_URL=https://localhost:443\n"), "{env}");
    assert!(env.contains(&format!("export AWS_CA_BUNDLE={}\n", ca.display())), "{env}");
}

#[test]
fn certificates_that_are_of_no_use_are_said_before_anything_is_served() {
    let home = Home::new();
    let absent = home.fails("serve --listen 127.0.0.1:0 --tls-cert /absent/c --tls-key /absent/k");
    assert!(absent.contains("/absent/c cannot be read"), "{absent}");
    let half = home.fails("serve --listen 127.0.0.1:0 --tls-cert /absent/c");
    assert!(half.contains("--tls-key"), "{half}");
    let both = home.fails("serve --listen 127.0.0.1:0 --tls auto --tls-cert /c --tls-key /k");
    assert!(both.contains("do not go with --tls auto"), "{both}");
    fs::write(home.data_dir().join("ca.crt"), "another's").unwrap();
    let keyless = home.fails("serve --listen 127.0.0.1:0 --tls auto");
    assert!(keyless.contains("ca.key is missing"), "{keyless}");
}
