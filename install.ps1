# Builds the C# kernel on this machine and installs it for you: .\install.ps1 [INSTALL OPTION...] [--run NOTEBOOK...]
# Windows version of install.sh. Not tested on Windows yet; please report problems.
$ErrorActionPreference = 'Stop'

function Fail($message) {
    [Console]::Error.WriteLine("install.ps1: $message")
    exit 1
}

$sourceDir = $PSScriptRoot
$publishDir = Join-Path $sourceDir 'artifacts\publish'

$installOptions = @($args)
$notebooks = @()
$run = [array]::IndexOf($installOptions, '--run')
if ($run -ge 0) {
    $notebooks = @($installOptions | Select-Object -Skip ($run + 1))
    $installOptions = @($installOptions | Select-Object -First $run)
    if ($notebooks.Count -eq 0) { Fail '--run needs a notebook: .\install.ps1 --run samples\tour.ipynb' }
}

if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) {
    Fail "'dotnet' was not found on the PATH. Install the .NET SDK 10 or later: https://dotnet.microsoft.com/download"
}
if (-not (dotnet --list-sdks | Select-String '^[1-9][0-9]+\.')) {
    Fail 'The .NET SDK 10 or later is required, but only older versions are installed. Install it from https://dotnet.microsoft.com/download'
}

# Builds into the publish folder with the options given.
function Publish {
    if (Test-Path $publishDir) { Remove-Item $publishDir -Recurse -Force }
    # Folders of its own (--artifacts-path): what this build compiles must never mix with ordinary builds.
    dotnet publish (Join-Path $sourceDir 'src\JupyterKernel') --configuration Release --use-current-runtime '-p:RunAnalyzers=false' @args `
        --artifacts-path (Join-Path $sourceDir 'artifacts\publish-build') --output $publishDir --verbosity quiet | Out-Host
    return $LASTEXITCODE -eq 0
}

Write-Host 'Building the kernel; this takes three to eight minutes...'
if (-not (Publish '-p:PublishAot=true')) {
    Write-Host 'The native build failed (see above): it needs the C++ tools of Visual Studio and 7 GB of free memory.'
    Write-Host 'Building the kernel as a managed program, which works the same but starts more slowly.'
    if (-not (Publish '--self-contained' 'true' '-p:PublishReadyToRun=true')) { Fail 'The build failed (see above). Nothing was installed.' }
}

$report = & (Join-Path $publishDir 'jupyter-csharp.exe') install --copy @installOptions
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
$report

if ($run -ge 0) {
    $program = @($report -match '^Program: ')[0] -replace '^Program: ', ''
    & $program run @notebooks
    exit $LASTEXITCODE
}
