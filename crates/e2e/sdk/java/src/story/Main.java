package story;

import java.util.stream.Collectors;

/**
 * The story of private ECR through the AWS SDK for Java: each operation succeeds at least once, and
 * the errors that programs catch are met on the way. The environment names the server and the root
 * key, as `wharfinger env` exports them; the story has the server to itself. The last line printed
 * says as JSON which operations were driven.
 */
public final class Main {
    private Main() {}

    /** Tells the story, and ends with an exception where it does not hold. */
    public static void main(String[] arguments) throws Exception {
        Driver driver = new Driver();
        Repositories repositories = new Repositories(driver);
        repositories.registry();
        repositories.repositories();
        new Images(driver).tell();
        new Policies(driver).tell();
        new Rules(driver).tell();
        repositories.deletions();
        System.out.println(driver.driven().stream()
                .collect(Collectors.joining("\", \"", "[\"", "\"]")));
    }
}
